/** How many of something there are of each address. */
export class AddressCounts {
  total = 0;
  readonly #byIp = new Map<string, number>();

  of(ip: string): number {
    return this.#byIp.get(ip) ?? 0;
  }

  add(ip: string): void {
    this.total++;
    this.#byIp.set(ip, this.of(ip) + 1);
  }

  remove(ip: string): void {
    this.total--;
    const left = this.of(ip) - 1;
    if (left > 0) this.#byIp.set(ip, left);
    else this.#byIp.delete(ip);
  }
}
