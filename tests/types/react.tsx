// The element's types in React's JSX.

import "goosequill/react";

export const good = <goose-quill mode="chat" max-new-tokens={60} temperature="0.8" className="wide" />;
// @ts-expect-error there is no such mode
export const talkative = <goose-quill mode="chatty" />;
// @ts-expect-error there is no such attribute
export const wrong = <goose-quill temprature={0} />;
export const heard = <goose-quill ondone={({ detail }) => console.log(detail.usage.completion_tokens)} />;
// @ts-expect-error there is no such event
export const unheard = <goose-quill onwritten={() => {}} />;
