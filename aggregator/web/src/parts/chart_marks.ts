// Alerts as marks on a chart, and the moment that the page shows.
import uPlot from "uplot";

export interface Mark {
  from: number;
  to: number;
  severity: string;
  title: string;
}

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function marksPlugin(marks: () => Mark[], moment: () => number | null): uPlot.Plugin {
  const draw = (u: uPlot) => {
    const { ctx, bbox } = u;
    const ratio = uPlot.pxRatio;
    const x = (time: number) => Math.round(u.valToPos(time, "x", true));
    const { min = 0, max = 0 } = u.scales.x ?? {};
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const mark of marks()) {
      if (mark.to < (min ?? 0) || mark.from > (max ?? 0)) continue;
      const colour = css(`--${mark.severity}`) || css("--info");
      ctx.fillStyle = colour;
      ctx.globalAlpha = 0.09;
      ctx.fillRect(x(mark.from), bbox.top, Math.max(ratio, x(mark.to) - x(mark.from)), bbox.height);
      ctx.globalAlpha = 0.9;
      ctx.fillRect(x(mark.from), bbox.top, Math.max(1, ratio), bbox.height);
      ctx.beginPath();
      ctx.moveTo(x(mark.from) - 4 * ratio, bbox.top);
      ctx.lineTo(x(mark.from) + 4 * ratio, bbox.top);
      ctx.lineTo(x(mark.from), bbox.top + 7 * ratio);
      ctx.fill();
    }
    const chosen = moment();
    if (chosen !== null) {
      ctx.globalAlpha = 1;
      ctx.fillStyle = css("--accent");
      ctx.fillRect(x(chosen) - ratio, bbox.top, 2 * ratio, bbox.height);
    }
    ctx.restore();
  };
  return { hooks: { draw: [draw] } };
}
