/** A plugin of esbuild that puts the engine's files into the output folder. */
export default function goosequill(): { name: string; setup: (build: any) => void };
