"use client";

// What page.js does, as a component: Next.js runs this module on the server first.

import { loadModel } from "goosequill";
import "goosequill/element";
import { useEffect, useRef, useState } from "react";

export default function Page() {
  const quill = useRef(null);
  const [isReady, setIsReady] = useState(false);
  const [text, setText] = useState("");
  const [done, setDone] = useState("");
  useEffect(() => setIsReady(true), []); // React hears the click
  async function write() {
    const model = await loadModel();
    for await (const chunk of model.generate("Once upon a time", { max_new_tokens: 6, seed: 1 })) {
      setText((before) => before + chunk.text);
    }
    await quill.current.generate("Once upon a time");
    setDone("yes");
  }
  return (
    <>
      <goose-quill ref={quill} max-new-tokens="4" />
      <button type="button" onClick={write} disabled={!isReady}>
        Generate
      </button>
      <output data-done={done}>{text}</output>
    </>
  );
}
