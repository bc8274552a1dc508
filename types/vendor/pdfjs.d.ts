// The part of pdfjs-dist's types that site/search uses.
export interface TextItem {
  str: string;
  hasEOL: boolean;
  height: number;
  transform: number[];
}
export interface PDFPageProxy {
  streamTextContent(): ReadableStream<{ items: (TextItem | { type: string })[] }>;
  cleanup(): boolean;
}
export interface PDFDocumentProxy {
  numPages: number;
  getPage(number: number): Promise<PDFPageProxy>;
  getMetadata(): Promise<{ info: Record<string, unknown> }>;
}
export class PDFWorker {
  constructor(options: { port: Worker });
  destroy(): void;
}
export function getDocument(options: Record<string, unknown>): {
  promise: Promise<PDFDocumentProxy>;
  destroy(): Promise<void>;
};
