/** Vega charts without eval (the page's policy forbids it), in the page's own colours. */
import embed, { type Result, type VisualizationSpec } from "vega-embed";
import { expressionInterpreter } from "vega-interpreter";

export type Spec = Record<string, unknown> & { config?: Record<string, unknown>; title?: unknown };

const style = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The server's spec, drawn for a page of another size than its picture. */
export function fitSpec(spec: Spec, size: { width: number; height: number; small: boolean }, isPlain = false): Spec {
  const text = { labelFontSize: size.small ? 10 : 12, titleFontSize: size.small ? 11 : 13 };
  const ink = isPlain
    ? {}
    : {
        labelColor: style("--quiet"),
        titleColor: style("--ink"),
        domainColor: style("--line"),
        tickColor: style("--line"),
        gridColor: style("--line"),
      };
  const config = (spec.config ?? {}) as Record<string, Record<string, unknown>>;
  const fitted = {
    ...spec,
    background: isPlain ? "white" : "transparent",
    width: size.width,
    height: size.height,
    autosize: { type: "fit", contains: "padding" },
    config: {
      ...config,
      font: "system-ui, sans-serif",
      axis: { ...config.axis, ...text, ...ink, labelLimit: size.small ? 90 : 180, titlePadding: 6 },
      legend: {
        ...config.legend,
        labelFontSize: text.labelFontSize,
        titleFontSize: text.titleFontSize,
        symbolSize: 60,
        ...(isPlain ? {} : { labelColor: style("--ink"), titleColor: style("--ink") }),
      },
      title: {
        ...config.title,
        fontSize: size.small ? 12 : 15,
        subtitleFontSize: size.small ? 10 : 12,
        offset: 8,
        ...(isPlain ? {} : { color: style("--ink"), subtitleColor: style("--quiet") }),
      },
    },
  } as Spec;
  if (size.small) delete fitted.title;
  return fitted;
}

/** The spec as it is handed out: of a page's size, dark on white. */
export const plainSpec = (spec: Spec): Spec => fitSpec(spec, { width: 900, height: 520, small: false }, true);

export function draw(place: HTMLElement, spec: Spec): Promise<Result> {
  return embed(place, spec as VisualizationSpec, {
    ast: true,
    expr: expressionInterpreter,
    actions: false,
    renderer: "svg",
    mode: "vega-lite",
    tooltip: { theme: document.documentElement.dataset.theme === "dark" ? "dark" : "light", disableDefaultStyle: true },
  });
}
