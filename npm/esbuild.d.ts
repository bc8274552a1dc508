/** A plugin of esbuild that puts the engine's files into the output folder. */
// biome-ignore lint/suspicious/noExplicitAny: the types of esbuild are not a dependency
export default function goosequill(): { name: string; setup: (build: any) => void };
