/**
 * The panels of the rail, besides Decoder, Token and Model, which the page itself has. A panel is a module
 * and a line in this list. It is loaded and mounted when its tab is opened for the first time.
 */

import { t } from "../ui/words.js";

/**
 * @typedef {{shown?: (visible: boolean) => void}} MountedPanel `shown` is called when its tab opens or closes
 * @typedef {{session: import("./session.js").PlaygroundSession, element: HTMLElement}} PanelContext `element`
 *   is the panel's own, empty at first
 * @typedef {(context: PanelContext) => MountedPanel | void} Mount
 * With `followsToken` it is about the selected token, and stays open when another one is selected.
 * @typedef {{
 *   id: string, label: string, followsToken?: boolean, load: () => Promise<{mount: Mount}>
 * }} RailPanel
 */

/**
 * One line each, such as
 * `{ id: "attribution", label: "Attribution", load: () => import("./attribution.js") }`, where the module
 * exports `mount({ session, element })`.
 * @type {RailPanel[]}
 */
export const PANELS = [
  { id: "attribution", label: t("Attribution"), followsToken: true, load: () => import("./attribution.js") },
  { id: "inside", label: t("Inside"), followsToken: true, load: () => import("./look-inside.js") },
];
