/** The way to the page that makes a dataset of a file on the server. */
import { account, whyReadOnly } from "../api/account";
import type { StoredArea } from "../api/files";
import { TableIcon } from "../parts/icons";
import { useStore } from "../parts/store";
import { navigate, openAddress } from "../router";

export function OpenTable({ area, path, name }: { area: StoredArea; path: string; name: string }) {
  const refused = whyReadOnly(useStore(account).me);
  return (
    <button
      className="button"
      aria-label={`Open as a table: ${name}`}
      title={refused ?? "Make a dataset of it; the file stays as it is"}
      disabled={!!refused}
      onClick={() => navigate(openAddress(area, path))}
    >
      <TableIcon />
      <span className="wide-only">Open as a table</span>
    </button>
  );
}
