/** What a form's controls know beside their own value. */
import type { OtherTable } from "../../api/datasets";
import type { Metadata } from "../../api/rest";
import type { ColumnProfile } from "../session";

export interface FormContext {
  /** The dataset's own id. */
  id: string;
  meta: Metadata;
  profile?: Map<string, ColumnProfile>;
  values: Record<string, unknown>;
  other?: OtherTable;
  setOther: (other: OtherTable | undefined) => void;
}
