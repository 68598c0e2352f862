/** A link within the workbench. */
import type { AnchorHTMLAttributes } from "react";
import { follow } from "../router";

export function Link({ href, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  return <a {...rest} href={href} onClick={(event) => follow(event, href)} />;
}
