// @ts-check

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** @param {number} value */
export function formatCount(value) {
  return whole.format(value);
}

/**
 * A number with its noun: `1 room`, `2 rooms`.
 *
 * @param {number} value
 * @param {string} noun
 */
export function formatCounted(value, noun) {
  return `${formatCount(value)} ${nounFor(value, noun)}`;
}

/**
 * @param {number} value
 * @param {string} noun in the singular
 */
export function nounFor(value, noun) {
  return value === 1 ? noun : `${noun}s`;
}

/**
 * An address as people write it: an IPv4 address without the prefix that sockets for both versions give it.
 *
 * @param {string} address
 */
export function formatAddress(address) {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/**
 * A rate per second, with one decimal below 10.
 *
 * @param {number} value
 */
export function formatRate(value) {
  return value >= 10 || Number.isInteger(value) ? whole.format(value) : tenths.format(value);
}

/** @param {number} value */
export function formatBytes(value) {
  if (value === 0) return '0';
  const unit = value < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** unit;
  return `${unit === 0 || scaled >= 100 ? whole.format(scaled) : tenths.format(scaled)} ${BYTE_UNITS[unit]}`;
}

/** @param {number} value milliseconds */
export function formatDelay(value) {
  return `${tenths.format(value)} ms`;
}

/**
 * A duration in its two largest units: `42 s`, `3 min 05 s`, `2 h 10 min`, `4 d 3 h`.
 *
 * @param {number} ms
 */
export function formatDuration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${twoDigits(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${twoDigits(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/**
 * The time of day, with milliseconds.
 *
 * @param {number} at milliseconds since the epoch
 */
export function formatTime(at) {
  return `${clock.format(at)}.${String(Math.floor(at) % 1000).padStart(3, '0')}`;
}

/** @param {number} value */
function twoDigits(value) {
  return String(value).padStart(2, '0');
}
