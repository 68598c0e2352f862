/** All columns of a dataset at a glance, or one in depth where the address names it. */
import { useStore } from "../parts/store";
import { useRoute } from "../router";
import { ColumnList } from "./profile/ColumnList";
import { ColumnPage } from "./profile/ColumnPage";
import type { Session } from "./session";
import "./profile.css";

export default function ProfilePage({ session }: { session: Session }) {
  const { meta } = useStore(session.store);
  const column = useRoute().query.get("column");
  if (!meta) return null;
  if (column !== null && meta.columnInfo[column]) return <ColumnPage key={column} session={session} column={column} />;
  return <ColumnList session={session} lost={column ?? undefined} />;
}
