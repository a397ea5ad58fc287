import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** A singleton of the app that rooms write to while they stop, so it must outlive them. */
@Injectable()
export class Journal implements OnModuleDestroy {
  readonly entries: string[] = [];

  add(entry: string): void {
    this.entries.push(entry);
  }

  onModuleDestroy(): void {
    this.add('journal destroyed');
  }
}
