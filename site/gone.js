/**
 * For a page whose files are no longer there, because the server has another version of the site by now:
 * reloads the page, once and only if that loses nothing, or says so. A classic script of every page, and the
 * only one without a version in its address (scripts/versions.py): it must be there when the others are not.
 */

(() => {
  /** When the page has loaded, or something was typed: a reload would lose what has been done since. */
  let begun = Number.NaN;
  addEventListener("load", () => {
    begun ||= performance.now();
  });
  addEventListener("input", () => {
    begun = -1;
  });

  new PerformanceObserver((list, observer) => {
    for (const { name, startTime, responseStatus } of /** @type {any[]} */ (list.getEntries())) {
      const folder = /\/v-\w+\//.exec(name);
      if (!folder || ![404, 409, 410].includes(responseStatus)) continue; // the service worker answers 409
      observer.disconnect();
      const key = `goosequill${folder}`;
      try {
        if (!(startTime > begun) && !sessionStorage[key]) {
          sessionStorage[key] = "reloaded";
          return location.reload();
        }
      } catch {} // storage is disabled: it might reload for ever
      if (globalThis.goosequillGone) globalThis.goosequillGone();
      else document.body.prepend("The site has been updated: reload this page.");
      return;
    }
  }).observe({ type: "resource", buffered: true });
})();
