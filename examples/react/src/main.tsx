// The element is used like any other: attributes are props, and `on` with an event's name is its handler.

import "goosequill/react";
import { useState } from "react";
import { createRoot } from "react-dom/client";

const PROMPTS = ["Once upon a time", "It was a fine morning, and"];

function App() {
  const [prompt, setPrompt] = useState(PROMPTS[0]);
  const [tokens, setTokens] = useState(0);
  return (
    <>
      <h1>Goosequill in React</h1>
      {PROMPTS.map((each) => (
        <button key={each} type="button" onClick={() => setPrompt(each)}>
          {each}
        </button>
      ))}
      <goose-quill
        prompt={prompt}
        max-new-tokens={20}
        ontoken={({ detail }) => setTokens(detail.index + 1)}
        ondone={({ detail }) => setTokens(detail.usage.completion_tokens)}
      />
      <p>{tokens} tokens</p>
    </>
  );
}

createRoot(document.body.appendChild(document.createElement("main"))).render(<App />);
