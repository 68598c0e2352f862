/** The button that makes a dataset of a file on the server. */
import { useState } from "react";
import { openStored, type StoredArea } from "../api/files";
import { account, whyReadOnly } from "../api/account";
import { TableIcon } from "../parts/icons";
import { useStore } from "../parts/store";
import { failed, toast } from "../parts/toasts";
import { datasetAddress, navigate } from "../router";

export function OpenTable({ area, path, name }: { area: StoredArea; path: string; name: string }) {
  const [isOpening, setOpening] = useState(false);
  const refused = whyReadOnly(useStore(account).me);
  const open = async () => {
    setOpening(true);
    try {
      const made = await openStored(area, path);
      for (const warning of made.warnings ?? []) toast(warning.message, { tone: "news" });
      navigate(datasetAddress(made.sessionID));
    } catch (error) {
      setOpening(false);
      failed(error);
    }
  };
  return (
    <button className="button" aria-label={`Open as a table: ${name}`} title={refused ?? "Make a dataset of it; the file stays as it is"} disabled={isOpening || !!refused} onClick={() => void open()}>
      <TableIcon />
      <span className="wide-only">{isOpening ? "Reading …" : "Open as a table"}</span>
    </button>
  );
}
