// The part of Observable Plot's types that site/ui uses; its own need the types of all of D3.
type Mark = object;
type Marker = (data: unknown, options?: Record<string, unknown>) => Mark;
export interface Scale {
  type: string;
  domain: unknown[];
  range: number[];
  bandwidth?: number;
  apply(value: unknown): number;
}
export interface Dimensions {
  width: number;
  height: number;
  marginTop: number;
  marginRight: number;
  marginBottom: number;
  marginLeft: number;
}
export type Render = (
  index: unknown,
  scales: { x: (value: unknown) => number; y: (value: unknown) => number },
  values: unknown,
  dimensions: Dimensions,
) => SVGElement | null;
export function plot(
  options: Record<string, unknown> & { marks: (Mark | Render | null)[] },
): SVGSVGElement & { scale(name: "x" | "y"): Scale };
export const areaY: Marker;
export const barX: Marker;
export const barY: Marker;
export const dot: Marker;
export const gridX: Marker;
export const gridY: Marker;
export const lineY: Marker;
export const link: Marker;
export const rect: Marker;
export const ruleX: Marker;
export const ruleY: Marker;
export const text: Marker;
export function frame(options?: Record<string, unknown>): Mark;
