/** Makes an address for a file on offer, and hands it over. */
import { useState } from "react";
import { makeLink } from "../api/files";
import { Dialog } from "../parts/Dialog";
import { Copy } from "../parts/icons";
import { copyText } from "../parts/save";
import { LIFETIMES, linkWords } from "./uploads";

export function LinkDialog({ name, close }: { name: string; close: () => void }) {
  const [once, setOnce] = useState(true);
  const [seconds, setSeconds] = useState(3600);
  const [download, setDownload] = useState(true);
  const [address, setAddress] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const make = async () => {
    setProblem(undefined);
    try {
      const made = await makeLink(name, { once, seconds, download });
      setAddress(made);
      await copyText(made, "The link is made and copied");
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <Dialog title={`A link to ${name.split("/").at(-1) ?? name}`} close={close}>
      {address ? (
        <Made address={address} words={linkWords(once, seconds)} />
      ) : (
        <form
          className="link-form"
          onSubmit={(event) => {
            event.preventDefault();
            void make();
          }}
        >
          <fieldset className="form-row">
            <legend>It works</legend>
            <Choice name="times" isChosen={once} choose={() => setOnce(true)} words="once, for whoever comes first" />
            <Choice
              name="times"
              isChosen={!once}
              choose={() => setOnce(false)}
              words="for everyone who has it, until its time is up"
            />
          </fieldset>
          <label className="form-row">
            <span>For at most</span>
            <select className="field" value={seconds} onChange={(event) => setSeconds(Number(event.target.value))}>
              {LIFETIMES.map(([value, words]) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </select>
          </label>
          <fieldset className="form-row">
            <legend>A browser that opens it</legend>
            <Choice name="shown" isChosen={download} choose={() => setDownload(true)} words="saves the file" />
            <Choice
              name="shown"
              isChosen={!download}
              choose={() => setDownload(false)}
              words="shows it, where it can"
            />
          </fieldset>
          {problem && (
            <p className="problem" role="alert">
              {problem}
            </p>
          )}
          <button className="button primary" type="submit">
            Make the link
          </button>
        </form>
      )}
    </Dialog>
  );
}

function Choice({
  name,
  isChosen,
  choose,
  words,
}: {
  name: string;
  isChosen: boolean;
  choose: () => void;
  words: string;
}) {
  return (
    <label className="check">
      <input type="radio" name={name} checked={isChosen} onChange={choose} />
      {words}
    </label>
  );
}

function Made({ address, words }: { address: string; words: string }) {
  return (
    <>
      <div className="with-button">
        <input
          className="field code"
          readOnly
          aria-label="The link"
          value={address}
          onFocus={(event) => event.target.select()}
        />
        <button className="button primary" autoFocus onClick={() => void copyText(address, "The link is copied")}>
          <Copy />
          Copy
        </button>
      </div>
      <p className="about">{words} Nobody needs a token for it: whoever has the link gets the file as it is now.</p>
    </>
  );
}
