/** The hooks that npm/react-hook.js uses, for one component, and `rendered`, which runs it as React would. */

let slots = [];
let at = 0;
let again = () => {};

const slot = (make) => (slots[at++] ??= make());

export function useState(make) {
  return [slot(() => ({ value: make() })).value];
}

export function useEffect(effect, inputs) {
  const kept = slot(() => ({}));
  if (kept.inputs && inputs?.every((input, index) => input === kept.inputs[index])) return;
  Object.assign(kept, { inputs, end: effect() });
}

export function useSyncExternalStore(subscribe, snapshot) {
  const kept = slot(() => ({ end: subscribe(() => again()) }));
  kept.snapshot = snapshot;
  return snapshot();
}

/** What a component returns, always the newest, and `leave`, which unmounts it. */
export function rendered(component) {
  const found = {
    renders: 0,
    leave() {
      for (const { end } of slots) end?.();
    },
  };
  slots = [];
  again = () => {
    at = 0;
    found.now = component();
    found.renders++;
  };
  again();
  return found;
}
