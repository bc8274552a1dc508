// The part of Pyodide's interface that the worker uses.

export interface PyProxy {
  // biome-ignore lint/suspicious/noExplicitAny: a proxy has whatever attributes the Python object has
  [name: string]: any;
  destroy(): void;
  // biome-ignore lint/suspicious/noExplicitAny: what comes out depends on the Python object
  toJs(options?: { depth?: number; dict_converter?: (entries: Iterable<[string, any]>) => any }): any;
}

export interface PyodideAPI {
  readonly version: string;
  readonly FS: {
    writeFile(path: string, data: string | ArrayBufferView): void;
    readFile(path: string, options?: { encoding?: "utf8" | "binary" }): string | Uint8Array;
    mkdirTree(path: string): void;
    unlink(path: string): void;
  };
  readonly globals: PyProxy;
  // biome-ignore lint/suspicious/noExplicitAny: the module's attributes are Python's
  pyimport(name: string): any;
  loadPackage(
    names: string | string[],
    options?: {
      messageCallback?: (message: string) => void;
      errorCallback?: (message: string) => void;
      checkIntegrity?: boolean;
    },
  ): Promise<unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: the value of the last expression
  runPython(code: string, options?: { globals?: PyProxy }): any;
  // biome-ignore lint/suspicious/noExplicitAny: the value of the last expression
  runPythonAsync(code: string, options?: { globals?: PyProxy }): Promise<any>;
  toPy(value: unknown, options?: { depth?: number }): PyProxy;
  registerJsModule(name: string, module: object): void;
  setInterruptBuffer(buffer: Uint8Array): void;
}

export const version: string;
export function loadPyodide(options?: {
  indexURL?: string;
  lockFileURL?: string;
  packages?: string[];
  stdout?: (message: string) => void;
  stderr?: (message: string) => void;
  env?: Record<string, string>;
  checkAPIVersion?: boolean;
}): Promise<PyodideAPI>;
