// @ts-check
/** @import { RoomRow } from '../src/inspector/inspector-events.js' */
import { formatBytes, formatCount, formatDuration, formatRate } from './format.js';

/**
 * @typedef {object} RoomColumn
 * @property {string} id also used in the page's address
 * @property {string} label
 * @property {string} meaning
 * @property {(row: RoomRow, now: number) => number | string} value to sort by; numbers stand to the right
 * @property {(value: number) => string} [format] of a number
 * @property {boolean} [isTrouble] whether a value above zero means trouble
 */

/** @type {readonly RoomColumn[]} */
export const ROOM_COLUMNS = [
  { id: 'service', label: 'Service', meaning: 'Service of the room', value: ({ service }) => service },
  { id: 'room', label: 'Room', meaning: 'Id of the room', value: ({ room }) => room },
  {
    id: 'clients',
    label: 'Clients',
    meaning: 'Clients in the room',
    value: ({ clients }) => clients,
    format: formatCount,
  },
  {
    id: 'away',
    label: 'Away',
    meaning: 'Clients whose connection is lost and who may resume',
    value: ({ away }) => away,
    format: formatCount,
  },
  { id: 'in', label: 'In/s', meaning: 'Messages from clients a second', value: (row) => row.in, format: formatRate },
  { id: 'out', label: 'Out/s', meaning: 'Messages to clients a second', value: (row) => row.out, format: formatRate },
  {
    id: 'bytesIn',
    label: 'Bytes in/s',
    meaning: 'Bytes from clients a second',
    value: ({ bytesIn }) => bytesIn,
    format: formatBytes,
  },
  {
    id: 'bytesOut',
    label: 'Bytes out/s',
    meaning: 'Bytes to clients a second',
    value: ({ bytesOut }) => bytesOut,
    format: formatBytes,
  },
  {
    id: 'mailbox',
    label: 'Mailbox',
    meaning: 'Events that wait for their turn',
    value: ({ mailbox }) => mailbox,
    format: formatCount,
    isTrouble: true,
  },
  {
    id: 'buffered',
    label: 'Buffered',
    meaning: 'Unsent bytes of clients that are behind',
    value: ({ buffered }) => buffered,
    format: formatBytes,
    isTrouble: true,
  },
  { id: 'timers', label: 'Timers', meaning: 'Pending timers', value: ({ timers }) => timers, format: formatCount },
  {
    id: 'age',
    label: 'Age',
    meaning: 'Time since the room began',
    value: ({ startedAt, node }, now) => (node === undefined ? now - startedAt : 0),
    format: formatDuration,
  },
];
