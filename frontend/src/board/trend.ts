// How coverage went: one small chart for each round, side by side on one scale. Loaded after the first paint.
import { LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { chinese, figure, percent, type Figures } from "./figures";

use([LineChart, GridComponent, TooltipComponent, SVGRenderer]);

type Sample = [at: string, settled: number, doors: number, visits: number]; // moments as the city's clocks show them
interface Round {
  round: number;
  number: number;
  closed: boolean;
  opened: string;
  ends: string;
  samples: Sample[];
}
export interface Trend {
  code: string;
  rounds: Round[];
}

// The city's moments are drawn as if they were UTC, so that no browser moves them to its own zone.
const x = (moment: string) => Date.parse(`${moment.slice(0, 19)}Z`);
const y = ([, settled, doors]: Sample) => (doors ? Math.floor((settled * 1000) / doors) / 10 : 0);
const last = <T>(list: T[]): T => list[list.length - 1];
const share = (sample: Sample) => percent(sample[1], sample[2]);

const locale = chinese ? "zh-CN" : "en-GB";
const day = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", timeZone: "UTC" });
const hour = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "UTC" });
const tick = (value: number) => (value % 86_400_000 === 0 ? day : hour).format(value);
const stacked = matchMedia("(max-width: 719px)"); // one below the other, each with its own scale
const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function text(element: Element, value: string): void {
  if (element.textContent !== value) element.textContent = value;
}

export class TrendCharts {
  private trend: Trend = { code: "", rounds: [] };
  private now: { round: number; sample: Sample } | null = null;
  private charts: EChartsType[] = [];
  private readonly watch = new ResizeObserver(() => {
    for (const chart of this.charts) chart.resize();
    this.draw();
  });

  /** `panel` is the region that the server has laid; a newer page has a new one. */
  constructor(readonly panel: HTMLElement) {
    document.addEventListener("qipan:theme", this.themed);
  }

  dispose(): void {
    document.removeEventListener("qipan:theme", this.themed);
    this.clear();
  }

  show(trend: Trend): void {
    const anew = trend.rounds.map((r) => r.round).join() !== this.trend.rounds.map((r) => r.round).join();
    this.trend = trend;
    this.panel.querySelector<HTMLElement>("[data-trend-empty]")!.hidden = trend.rounds.length > 0;
    if (anew) this.lay();
    this.draw();
  }

  /** The line of an open round ends in the very figure that the board shows. */
  follow(figures: Figures, asOf: string): void {
    const coverage = figures.coverage as { round: number; settled: number; doors: number; visits: number } | null;
    if (!coverage) return;
    this.now = { round: coverage.round, sample: [asOf, coverage.settled, coverage.doors, coverage.visits] };
    this.draw();
  }

  private readonly themed = () => this.draw();

  private clear(): void {
    this.watch.disconnect();
    for (const chart of this.charts) chart.dispose();
    this.charts = [];
  }

  private lay(): void {
    this.clear();
    const host = this.panel.querySelector<HTMLElement>("[data-trend-rounds]")!;
    host.replaceChildren();
    for (const round of this.trend.rounds) {
      const one = document.createElement("figure");
      const [title, plot] = [document.createElement("figcaption"), document.createElement("div")];
      title.append(document.createElement("span"), document.createElement("b"));
      text(title.firstElementChild!, this.word("round").replace("{n}", String(round.number)));
      title.lastElementChild!.className = "num";
      plot.className = "trend-plot";
      plot.setAttribute("role", "img");
      one.append(title, plot);
      host.append(one);
      this.charts.push(init(plot, null, { renderer: "svg" }));
      this.watch.observe(plot);
    }
  }

  private word(name: string): string {
    return this.panel.dataset[name] ?? "";
  }

  private draw(): void {
    this.trend.rounds.forEach((round, index) => {
      const samples = [...round.samples];
      if (this.now && !round.closed && this.now.round === round.round && x(this.now.sample[0]) >= x(last(samples)[0])) {
        samples.push(this.now.sample);
      }
      this.tell(round, samples, this.charts[index].getDom());
      this.charts[index].setOption(this.option(round, samples, index === 0 || stacked.matches), { notMerge: true });
    });
  }

  private tell(round: Round, samples: Sample[], plot: HTMLElement): void {
    const [from, to] = [samples[0], last(samples)];
    text(plot.parentElement!.querySelector("b")!, share(to));
    const told = this.word("sentence")
      .replace("{n}", String(round.number))
      .replace("{from}", share(from))
      .replace("{to}", share(to))
      .replace("{start}", `${day.format(x(from[0]))} ${hour.format(x(from[0]))}`)
      .replace("{end}", `${day.format(x(to[0]))} ${hour.format(x(to[0]))}`);
    plot.setAttribute("aria-label", told);
  }

  private option(round: Round, samples: Sample[], scale: boolean) {
    const size = parseFloat(getComputedStyle(this.panel).fontSize) * 0.8;
    const label = { color: token("--quiet-ink"), fontSize: size, fontFamily: getComputedStyle(document.body).fontFamily };
    const line = { lineStyle: { color: token("--line") } };
    return {
      animation: false, // nothing moves but the figures
      textStyle: label,
      grid: { left: scale ? size * 3.4 : size * 0.6, right: size * 0.9, top: size * 0.7, bottom: size * 1.9 },
      useUTC: true,
      xAxis: {
        type: "time",
        min: x(round.opened),
        max: Math.max(x(round.ends), x(last(samples)[0])),
        splitNumber: 3,
        axisLine: { onZero: true, ...line },
        axisTick: { ...line },
        axisLabel: { ...label, formatter: tick, hideOverlap: true },
        splitLine: { show: false },
      },
      yAxis: {
        type: "value",
        min: 0,
        max: 100,
        interval: 50,
        axisLabel: { ...label, show: scale, formatter: chinese ? "{value}%" : "{value} %" },
        splitLine: { ...line },
      },
      tooltip: {
        trigger: "axis",
        confine: true,
        transitionDuration: 0,
        backgroundColor: token("--paper"),
        borderColor: token("--line"),
        textStyle: { ...label, color: token("--ink") },
        axisPointer: { lineStyle: { color: token("--quiet-ink") }, animation: false },
        formatter: (points: { dataIndex: number }[]) => {
          const sample = samples[points[0].dataIndex];
          const moment = `${day.format(x(sample[0]))} ${hour.format(x(sample[0]))}`;
          return `${moment}<br><b>${share(sample)}</b> &nbsp; ${figure(sample[1])} / ${figure(sample[2])}`;
        },
      },
      series: [
        {
          type: "line",
          data: samples.map((sample) => [x(sample[0]), y(sample)]),
          symbol: "circle",
          showAllSymbol: true,
          symbolSize: (_value: unknown, { dataIndex }: { dataIndex: number }) =>
            dataIndex === samples.length - 1 ? size * 0.6 : 0,
          itemStyle: { color: token("--brand") },
          lineStyle: { color: token("--brand"), width: Math.max(2, size / 7) },
          areaStyle: { color: token("--step-2"), opacity: 0.45 },
          emphasis: { disabled: true },
        },
      ],
    };
  }
}
