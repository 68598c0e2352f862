/** All columns at a glance. */
import type { Session } from "./session";
import "./profile.css";

export default function ProfilePage({ session }: { session: Session }) {
  return <div className="profile" data-session={session.id} />;
}
