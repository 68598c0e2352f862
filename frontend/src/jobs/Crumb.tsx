/** The way up, above the title of a form or a job. */
import { Link } from "../parts/Link";
import { areaAddress } from "../router";

export const Crumb = () => (
  <Link className="crumb" href={areaAddress("jobs")}>
    Jobs
  </Link>
);
