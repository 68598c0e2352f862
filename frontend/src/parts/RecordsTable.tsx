/** A small table of records, such as the items of a list or a result: columns are the fields, in the order they appear. */
import { type ReactNode, useMemo } from "react";
import { count } from "./format";
import { columnsOf, shown } from "./records";

interface Props {
  records: Record<string, unknown>[];
  label: string;
  /** Fields that stand first, when they are there. */
  first?: string[];
  /** At most so many rows are drawn; the rest is counted below. */
  most?: number;
  /** What stands at the end of each row, such as its menu. */
  action?: (record: Record<string, unknown>) => ReactNode;
}

export function RecordsTable({ records, label, first = [], most = 200, action }: Props) {
  const drawn = records.slice(0, most);
  const columns = useMemo(() => columnsOf(drawn, first), [records, most]);
  return (
    <div className="records" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" className={column.isNumeric ? "number" : undefined}>
                {column.name}
              </th>
            ))}
            {action && (
              <th scope="col">
                <span className="sr-only">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {drawn.map((record, at) => (
            <tr key={at}>
              {columns.map((column) => (
                <td key={column.name} className={column.isNumeric ? "number" : undefined}>
                  {record[column.name] === null || record[column.name] === undefined ? (
                    <span className="missing">•</span>
                  ) : (
                    shown(record[column.name])
                  )}
                </td>
              ))}
              {action && <td className="actions">{action(record)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {records.length > most && <p className="more">and {count(records.length - most)} more</p>}
    </div>
  );
}
