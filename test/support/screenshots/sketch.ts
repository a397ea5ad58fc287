import type { Locator } from 'playwright-core';

type Point = readonly [x: number, y: number];

/** Lines of one color. Points are in parts of the board, from 0 to 100. */
interface Strokes {
  readonly color: string;
  readonly lines: readonly (readonly Point[])[];
}

export const SUN_AND_SEA: readonly Strokes[] = [
  { color: 'orange', lines: [circle(80, 38, 8), ...rays(80, 38)] },
  { color: 'blue', lines: [wave(74), wave(82), wave(90)] },
];

export const BOAT: readonly Strokes[] = [
  {
    color: 'ink',
    lines: [path([22, 62], [58, 62], [52, 72], [29, 72], [22, 62]), path([40, 62], [40, 22])],
  },
  { color: 'purple', lines: [path([42, 24], [56, 56], [42, 56], [42, 24])] },
  { color: 'teal', lines: [path([38, 28], [27, 56], [38, 56], [38, 28])] },
];

/** Draws with the mouse, as a person would. */
export async function sketch(pane: Locator, drawing: readonly Strokes[]): Promise<void> {
  const { mouse } = pane.page();
  await pane.locator('.drawing').scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await pane.locator('.drawing').boundingBox())!;
  const at = ([across, down]: Point) => [x + (across / 100) * width, y + (down / 100) * height] as const;
  for (const { color, lines } of drawing) {
    await pane.getByLabel(color, { exact: true }).check({ force: true });
    for (const [first, ...rest] of lines) {
      await mouse.move(...at(first));
      await mouse.down();
      for (const point of rest) await mouse.move(...at(point));
      await mouse.up();
    }
  }
}

/** Moves the pointer to where others see it. */
export async function point(pane: Locator, [across, down]: Point): Promise<void> {
  const { x, y, width, height } = (await pane.locator('.drawing').boundingBox())!;
  await pane.page().mouse.move(x + (across / 100) * width, y + (down / 100) * height);
}

/** Straight lines, each with points between its ends. */
function path(...corners: readonly Point[]): Point[] {
  return corners.slice(1).flatMap(([x, y], i) => {
    const [fromX, fromY] = corners[i];
    return Array.from({ length: 9 }, (_, step): Point => [
      fromX + ((x - fromX) * step) / 8,
      fromY + ((y - fromY) * step) / 8,
    ]);
  });
}

/** A board is 1.6 times as wide as high. */
function circle(x: number, y: number, radius: number): Point[] {
  return Array.from({ length: 33 }, (_, step): Point => {
    const angle = (step * Math.PI) / 16;
    return [x + radius * Math.cos(angle), y + 1.6 * radius * Math.sin(angle)];
  });
}

function rays(x: number, y: number): Point[][] {
  return Array.from({ length: 8 }, (_, step) => {
    const [across, down] = [Math.cos((step * Math.PI) / 4), 1.6 * Math.sin((step * Math.PI) / 4)];
    return path([x + 10.5 * across, y + 10.5 * down], [x + 13.5 * across, y + 13.5 * down]);
  });
}

function wave(y: number): Point[] {
  return Array.from({ length: 60 }, (_, step): Point => [4 + step * 1.55, y + 1.8 * Math.sin(step / 2.2)]);
}
