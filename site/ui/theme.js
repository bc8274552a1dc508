/**
 * Light or dark, as the visitor chose in the header's menu or, without a choice, as the system has it now. A
 * classic script in the head, so that the page is never drawn in the wrong colours first.
 */

(() => {
  const KEY = "goosequill.theme"; // "light" or "dark"; without a choice there is none
  const root = document.documentElement;

  function stored() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is disabled; the choice then lasts as long as the page
    }
  }

  /** @param {string | null} theme */
  function keep(theme) {
    try {
      if (theme) localStorage.setItem(KEY, theme);
      else localStorage.removeItem(KEY);
    } catch {
      // see above
    }
  }

  /** The page in this theme, or in the system's. @param {string | null} theme */
  function apply(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  /** The menu's items, of which one is checked. */
  function show() {
    const chosen = root.dataset.theme ?? "system";
    for (const item of document.querySelectorAll("#theme-menu input"))
      if (item instanceof HTMLInputElement) item.checked = item.value === chosen;
  }

  apply(stored());
  addEventListener("storage", ({ key }) => {
    if (key !== KEY && key !== null) return;
    apply(stored()); // chosen in another tab
    show();
  });
  const begin = () => {
    show();
    const menu = document.getElementById("theme-menu");
    menu?.addEventListener("change", ({ target }) => {
      if (!(target instanceof HTMLInputElement)) return;
      apply(target.value);
      keep(root.dataset.theme ?? null);
    });
    menu?.addEventListener("click", ({ detail, target }) => {
      const pointed = detail > 0 && target instanceof HTMLInputElement; // the arrow keys click as well
      if (pointed) menu.hidePopover();
    });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin(); // 404.html adds it late
})();
