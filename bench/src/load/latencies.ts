/** Latencies in microseconds, kept without garbage: a garbage collection of the load would look like a slow answer. */
export class Latencies {
  #values = new Float64Array(1 << 20);
  #count = 0;

  add(us: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#count * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = us;
  }

  clear(): void {
    this.#count = 0;
  }

  /** The quantile `part`, in milliseconds. */
  percentiles(...parts: number[]): number[] {
    const sorted = this.#values.slice(0, this.#count).sort();
    return parts.map((part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] / 1000);
  }
}
