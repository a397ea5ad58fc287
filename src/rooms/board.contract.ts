import { defineContract } from 'nestjs-jamsocket';
import { z } from 'zod';

/** The board's own units, whatever size it has on a screen. */
export const WIDTH = 1600;
export const HEIGHT = 1000;
/** Bounds of the drawing: the room has at most 1 MiB of shared state (`limits.maxStateBytes`). */
export const MAX_LINES = 400;
export const MAX_POINTS = 200;

const Point = z.tuple([z.int().min(0).max(WIDTH), z.int().min(0).max(HEIGHT)]);
const Color = z.int().min(0).max(5);

/** What the page says. `line` is the page's own number of a line, whose points come bit by bit. */
export const board = defineContract({
  messages: {
    draw: {
      data: z.object({ line: z.int().min(0), color: Color, points: z.array(Point).min(1).max(MAX_POINTS) }),
      /** How many points the line has now. */
      reply: z.int(),
    },
    undo: {},
    clear: {},
  },
});

/** What everyone shows of themselves. `at` is where the pointer is, if it is on the board. */
export const Person = z.object({ name: z.string().trim().min(1).max(24), color: Color, at: Point.nullable() });
export type Person = z.infer<typeof Person>;

/** What everyone sees: the lines by name, the oldest first. */
export interface Drawing {
  lines: Record<string, { color: number; points: z.infer<typeof Point>[] }>;
}
