/** Leaves the page that opened this one no way to be reached from here. Part of every page. */

if (window.opener) window.opener = null;
