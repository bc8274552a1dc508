// The element's types in React's JSX, and the hook.

import { loadModel } from "goosequill";
import "goosequill/react";
import { useGoosequill } from "goosequill/react-hook";

export const good = <goose-quill mode="chat" max-new-tokens={60} temperature="0.8" className="wide" />;
// @ts-expect-error there is no such mode
export const talkative = <goose-quill mode="chatty" />;
// @ts-expect-error there is no such attribute
export const wrong = <goose-quill temprature={0} />;
export const heard = <goose-quill ondone={({ detail }) => console.log(detail.usage.completion_tokens)} />;
// @ts-expect-error there is no such event
export const unheard = <goose-quill onwritten={() => {}} />;

export function Chat() {
  const chat = useGoosequill({ model: loadModel, system: "You are a goose.", max_new_tokens: 200 });
  const isBusy = chat.status === "submitted" || chat.status === "streaming";
  return (
    <button type="button" disabled={isBusy} onClick={() => chat.send()}>
      {chat.messages.at(-1)?.content} {chat.error?.message}
    </button>
  );
}
// @ts-expect-error there is no such setting
export const useWrong = () => useGoosequill({ model: loadModel, temprature: 0 });
