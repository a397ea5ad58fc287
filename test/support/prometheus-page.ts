const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;

/** A page in Prometheus' text format. An invalid line throws. */
export class PrometheusPage {
  readonly #values = new Map<string, number>();
  readonly types = new Map<string, string>();
  readonly help = new Map<string, string>();

  constructor(text: string) {
    if (!text.endsWith('\n')) throw new Error('the last line has no end');
    for (const line of text.split('\n').filter(Boolean)) {
      const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
      if (comment) (comment[1] === 'HELP' ? this.help : this.types).set(comment[2], comment[3]);
      else this.#read(line);
    }
  }

  /** The value of a series, named as it is on the page with its labels in alphabetical order. */
  value(series: string): number | undefined {
    return this.#values.get(series);
  }

  series(metric: string): Record<string, number> {
    return Object.fromEntries([...this.#values].filter(([name]) => name === metric || name.startsWith(`${metric}{`)));
  }

  #read(line: string): void {
    const [, name, labels, value] = LINE.exec(line) ?? [];
    // Go's ParseFloat, which Prometheus reads with, takes NaN in any case; prom-client writes `Nan`.
    if (name === undefined || (Number.isNaN(Number(value)) && !/^nan$/i.test(value)))
      throw new Error(`not a line of the format: ${line}`);
    this.#values.set(labels ? `${name}{${sorted(labels)}}` : name, Number(value));
  }
}

function sorted(labels: string): string {
  const found: string[] = [];
  for (LABEL.lastIndex = 0; LABEL.lastIndex < labels.length;) {
    const match = LABEL.exec(labels);
    if (match === null) throw new Error(`not labels: ${labels}`);
    found.push(`${match[1]}="${match[2]}"`);
  }
  return found.sort().join(',');
}
