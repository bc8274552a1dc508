/**
 * The language of the page's words: the visitor's choice or, without one, the first of the browser's that
 * there is a catalogue for. A classic script in the head, like theme.js: the page stays hidden until its
 * text is translated, so that it is never drawn in the wrong language first. Without the catalogue it is
 * shown in English. With `data-frame` the page is an article, which is English: only its header and footer
 * are translated, and its scripts stay English.
 */

(() => {
  const KEY = "goosequill.language";
  const PATIENCE = 8000; // milliseconds; English then is better than nothing
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const root = document.documentElement;
  const isArticle = "frame" in script.dataset;
  const offered = (script.dataset.languages ?? "").split(" ");

  function stored() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is disabled; the choice then lasts as long as the page
    }
  }

  function chosen() {
    const own = stored();
    if (own && offered.includes(own)) return own;
    const wanted = navigator.languages.map((tag) => tag.toLowerCase().split("-")[0]);
    return wanted.find((tag) => offered.includes(tag)) ?? "en";
  }

  const language = chosen();

  /** Whether the page's own text is there: before the first of its modules runs. */
  function parsed() {
    if (document.readyState !== "loading") return Promise.resolve();
    return new Promise((resolve) =>
      document.addEventListener("readystatechange", () => resolve(undefined), { once: true }),
    );
  }

  async function load() {
    const [{ translatePage, translatePart }, response] = await Promise.all([
      import(new URL("translate.js", script.src).href),
      fetch(new URL(`languages/${language}.json`, script.src), { signal: AbortSignal.timeout(PATIENCE) }),
    ]);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const catalogue = { language, words: await response.json() };
    await parsed();
    if (isArticle) {
      for (const part of document.querySelectorAll("header.site-header, footer")) {
        translatePart(part, catalogue.words);
        part.setAttribute("lang", language);
      }
      return null;
    }
    root.lang = language;
    translatePage(document, catalogue.words);
    return catalogue;
  }

  if (language !== "en") {
    if (!isArticle) root.dataset.translating = "";
    const loaded = load()
      .catch((error) => {
        console.info(`Goosequill speaks English here: ${error.message}`);
        return null;
      })
      .finally(() => delete root.dataset.translating);
    if (!isArticle) globalThis.goosequillWords = loaded;
  }

  parsed().then(() => {
    for (const item of document.querySelectorAll("#language-menu input"))
      if (item instanceof HTMLInputElement) item.checked = item.value === language;
    document.getElementById("language-menu")?.addEventListener("change", ({ target }) => {
      if (!(target instanceof HTMLInputElement)) return;
      try {
        localStorage.setItem(KEY, target.value);
      } catch {
        return; // storage is disabled: the browser's language stays
      }
      location.reload();
    });
  });
})();
