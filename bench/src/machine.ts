import { arch, cpus, platform, release, totalmem } from 'node:os';

/** When and on what something was measured. */
export function machineLine(): string {
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  const os = `${platform()} ${release().split('.').slice(0, 2).join('.')} ${arch()}`;
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${cpus()[0].model.trim()}, ${cpus().length} cores, ${memoryGiB} GiB, ${os}, Node ${process.versions.node}.`;
}
