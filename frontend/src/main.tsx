import { createRoot } from "react-dom/client";
import { App } from "./app";
import { applyTheme } from "./parts/preferences";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/start.css";
import "./styles/dataset.css";
import "./styles/panel.css";

applyTheme();
createRoot(document.getElementById("root")!).render(<App />);
