/** Icons of one weight, drawn on 16 points. */
import type { ReactNode } from "react";

const icon = (drawing: ReactNode) =>
  function Icon() {
    return (
      <svg
        width="16"
        height="16"
        viewBox="0 0 16 16"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
      >
        {drawing}
      </svg>
    );
  };

export const Datasets = icon(<path d="M2.5 4.5 8 2l5.5 2.5L8 7zM2.5 8 8 10.5 13.5 8M2.5 11.5 8 14l5.5-2.5" />);
export const TableIcon = icon(<path d="M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.6h11M6.2 3v10" />);
export const Chart = icon(<path d="M2.5 2.5v11h11M5.5 11V8M8.5 11V5M11.5 11V6.5" />);
export const Moon = icon(<path d="M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z" />);
export const Sun = icon(
  <path d="M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7" />,
);
export const Keys = icon(<path d="M1.5 4.5h13v7.5h-13zM4 7h.01M6.5 7h.01M9 7h.01M11.5 7h.01M5 9.6h6" />);
export const Undo = icon(<path d="M5.5 3 2.5 6l3 3M2.5 6H10a3.5 3.5 0 0 1 0 7H7" />);
export const Redo = icon(<path d="m10.5 3 3 3-3 3M13.5 6H6a3.5 3.5 0 0 0 0 7h3" />);
export const Download = icon(<path d="M8 2.5v8M5 7.5l3 3 3-3M2.5 13.5h11" />);
export const Share = icon(
  <path d="M6.7 9.3a2.7 2.7 0 0 0 4 .2l2-2a2.7 2.7 0 0 0-3.9-3.8l-.9.9M9.3 6.7a2.7 2.7 0 0 0-4-.2l-2 2a2.7 2.7 0 0 0 3.9 3.8l.9-.9" />,
);
export const Close = icon(<path d="m4 4 8 8M12 4l-8 8" />);
export const More = icon(<path d="M8 3.5h.01M8 8h.01M8 12.5h.01" strokeWidth="2" />);
export const SearchIcon = icon(<path d="M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.4 10.4l3.1 3.1" />);
export const FilterIcon = icon(<path d="M2.5 3.5h11L9.5 8.5v4l-3 1.5V8.5z" />);
export const Back = icon(<path d="M10 3 5 8l5 5" />);
export const Panel = icon(<path d="M2.5 3h11v10h-11zM10 3v10" />);
export const UploadIcon = icon(<path d="M8 10.5v-8M5 5.5l3-3 3 3M2.5 10.5v3h11v-3" />);
export const Plus = icon(<path d="M8 3v10M3 8h10" />);
export const Bin = icon(<path d="M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9" />);
export const Jobs = icon(
  <path d="M8 1.8v2M8 12.2v2M14.2 8h-2M3.8 8h-2M12.4 3.6 11 5M5 11l-1.4 1.4M12.4 12.4 11 11M5 5 3.6 3.6M8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z" />,
);
export const Files = icon(
  <path d="M2 4.2V12a1 1 0 0 0 1 1h10a1 1 0 0 0 1-1V5.8a1 1 0 0 0-1-1H8L6.6 3.2H3a1 1 0 0 0-1 1z" />,
);
export const Stores = icon(
  <path d="M8 2c3 0 5 .9 5 2s-2 2-5 2-5-.9-5-2 2-2 5-2zM3 4v8c0 1.1 2 2 5 2s5-.9 5-2V4M3 8c0 1.1 2 2 5 2s5-.9 5-2" />,
);
export const ServerIcon = icon(
  <path d="M2.5 2.800h11v4.200h-11zM2.5 9h11v4.200h-11zM5 4.900h.01M5 11.100h.01M7.5 4.900h3.500M7.5 11.100h3.5" />,
);
export const Profile = icon(<path d="M2.5 13.500v-4M5.3 13.500v-7M8 13.500v-11M10.7 13.500v-7M13.5 13.500v-4" />);
export const Check = icon(<path d="m3 8.5 3.3 3.300L13 4.5" />);
export const Stop = icon(<path d="M4 4h8v8H4z" />);
export const Play = icon(<path d="M5 3.500v9l7.5-4.500z" />);
export const Copy = icon(<path d="M5.5 5.500h8v8h-8zM3.5 10.500h-1v-8h8v1" />);
export const Refresh = icon(<path d="M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 2v3h-3" />);
export const Command = icon(
  <path d="M5.5 5.5h5v5h-5zM5.5 5.5H4A1.8 1.8 0 1 1 5.5 4zM10.5 5.5V4A1.8 1.8 0 1 1 12 5.500zM10.5 10.500H12a1.8 1.8 0 1 1-1.500 1.500zM5.5 10.500V12A1.8 1.8 0 1 1 4 10.500z" />,
);
export const Pencil = icon(<path d="M3 13l.7-2.900L11 2.800l2.200 2.200-7.300 7.300zM9.500 4.300l2.200 2.200" />);
export const Pause = icon(<path d="M5.5 3.500v9M10.5 3.500v9" />);
export const Person = icon(
  <path d="M8 2.500a2.8 2.8 0 1 1 0 5.600 2.8 2.800 0 0 1 0-5.600zM2.8 13.800c.5-2.600 2.600-4 5.200-4s4.700 1.400 5.200 4" />,
);
