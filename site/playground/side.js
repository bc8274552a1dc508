/** The former address of decoders side by side, which is a view of the comparer now: its links lead there. */

location.replace(`../compare/${location.search}#page=write&${location.hash.slice(1)}`);

export {};
