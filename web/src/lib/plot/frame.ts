/** What all plots share: colours of the page, quiet axes, and that they fill the element they stand in. */
import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';

export type PageColors = (name: string) => string;

/** Values of CSS custom properties as the page's theme has them now. */
export function pageColors(): PageColors {
  const css = getComputedStyle(document.documentElement);
  return (name) => css.getPropertyValue(name).trim();
}

/** An axis without ticks; `ruled` has lines across the plot. */
export const quietAxis = (color: PageColors, ruled: boolean): uPlot.Axis => ({
  stroke: color('--dim'),
  grid: ruled ? { stroke: color('--rule'), width: 1 } : { show: false },
  ticks: { show: false },
  font: '11px Inter, system-ui, sans-serif',
});

/** Follows the size of its element until it is removed; no legend, values under the pointer are told in words. */
export function fittedPlot(
  element: HTMLElement,
  options: Omit<uPlot.Options, 'width' | 'height' | 'legend' | 'cursor'>,
  data: uPlot.AlignedData,
): { plot: uPlot; remove(): void } {
  const size = () => ({ width: Math.max(50, element.clientWidth), height: Math.max(40, element.clientHeight) });
  const frame = { ...size(), legend: { show: false }, cursor: { y: false, points: { size: 6 } } };
  const plot = new uPlot({ ...frame, ...options }, data, element);
  const observer = new ResizeObserver(() => plot.setSize(size()));
  observer.observe(element);
  return {
    plot,
    remove: () => {
      observer.disconnect();
      plot.destroy();
    },
  };
}
