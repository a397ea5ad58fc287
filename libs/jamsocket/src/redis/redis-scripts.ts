import { script } from './run-scripts.js';

/**
 * The head of a record: fields f fence, o owner, r released (1 or 0), s sequence, d due (16 digits, or empty), l segments
 * in the log, a number of the first segment, k 1 if there are parts. Parts are in fields p:NAME. A segment is 16 digits
 * of its number and its bytes.
 */
const HEAD = `'f', 'o', 'r', 's', 'd', 'l', 'a', 'k'`;

/**
 * KEYS: record, log, due. ARGV: owner, smallest fence, fence for a new record, service, key.
 * Replies with { fence, fields and values of the record as they were before, segments }, or with the error UNREADABLE.
 */
export const CLAIM = script(`
local head = redis.call('HMGET', KEYS[1], ${HEAD})
local due = head[5] or ''
local fence = ARGV[3]
local parts, log = {}, {}
if redis.call('EXISTS', KEYS[1]) == 1 then
  for at = 1, 8 do
    if not head[at] then return redis.error_reply('UNREADABLE the head of the record is not complete') end
  end
  if not (tonumber(head[1]) and tonumber(head[4]) and tonumber(head[6]) and tonumber(head[7])) then
    return redis.error_reply('UNREADABLE the head of the record is not what was written')
  end
  fence = string.format('%.0f', math.max(tonumber(head[1]) + 1, tonumber(ARGV[2])))
  parts = redis.call('HGETALL', KEYS[1])
  log = redis.call('LRANGE', KEYS[2], 0, -1)
  if #log ~= tonumber(head[6]) then return redis.error_reply('UNREADABLE segments of the log are missing') end
  if head[8] == '1' and #parts == 16 then return redis.error_reply('UNREADABLE the parts are missing') end
else
  if redis.call('EXISTS', KEYS[2]) == 1 then return redis.error_reply('UNREADABLE there is a log without a record') end
  redis.call('HSET', KEYS[1], 's', '0', 'd', '', 'l', '0', 'a', '0', 'k', '0')
end
redis.call('HSET', KEYS[1], 'f', fence, 'o', ARGV[1], 'r', '0')
if due ~= '' then
  local owner = head[2]
  if head[3] == '1' then owner = '' end
  local rest = '\\0' .. due .. '\\0' .. ARGV[5]
  redis.call('ZREM', KEYS[3], ARGV[4] .. '\\0' .. owner .. rest)
  redis.call('ZADD', KEYS[3], 0, ARGV[4] .. '\\0' .. ARGV[1] .. rest)
end
return { fence, parts, log }
`);

/**
 * KEYS: record, log, due, list. ARGV: fence, owner, sequence, d to delete or r to release or empty, keepFrom, due (16
 * digits, empty for never, = to leave it), service, key of the room, number of parts, then name and bytes of
 * each part, then number (16 digits) and bytes of each segment.
 * Replies with 1 if the write is done (now or before), with 0 if it was refused and nothing was changed.
 */
export const COMMIT = script(`
local head = redis.pcall('HMGET', KEYS[1], ${HEAD})
if head.err or head[1] ~= ARGV[1] or head[2] ~= ARGV[2] then return 0 end
local sequence, last = tonumber(ARGV[3]), tonumber(head[4])
local count, first = tonumber(head[6]), tonumber(head[7])
local length = redis.pcall('LLEN', KEYS[2])
if not (last and count and first and head[5]) or length ~= count then return 0 end
if sequence <= last then return 1 end
if head[3] == '1' or sequence > last + 1 then return 0 end

local old, due = head[5], ARGV[6]
if due == '=' then due = old end
local owner = ARGV[2]
if ARGV[4] == 'r' then owner = '' end
if ARGV[4] == 'd' then due = '' end
local function member(owner, due) return ARGV[7] .. '\\0' .. owner .. '\\0' .. due .. '\\0' .. ARGV[8] end
if old ~= '' then redis.call('ZREM', KEYS[3], member(ARGV[2], old)) end
if ARGV[4] == 'd' then
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('ZREM', KEYS[4], ARGV[8])
  return 1
end
if due ~= '' then redis.call('ZADD', KEYS[3], 0, member(owner, due)) end

local segments = 10 + 2 * tonumber(ARGV[9])
for at = 10, segments - 1, 2 do redis.call('HSET', KEYS[1], 'p:' .. ARGV[at], ARGV[at + 1]) end
if segments > 10 and head[8] ~= '1' then redis.call('ZADD', KEYS[4], 0, ARGV[8]) end
local keep = tonumber(ARGV[5])
while count > 0 and first < keep do
  first = tonumber(string.sub(redis.call('LINDEX', KEYS[2], 0), 1, 16))
  if first < keep then
    redis.call('LPOP', KEYS[2])
    count = count - 1
  end
end
for at = segments, #ARGV, 2 do
  if count == 0 then first = tonumber(ARGV[at]) end
  redis.call('RPUSH', KEYS[2], ARGV[at] .. ARGV[at + 1])
  count = count + 1
end
local released, kept = '0', head[8]
if ARGV[4] == 'r' then released = '1' end
if segments > 10 then kept = '1' end
redis.call('HSET', KEYS[1], 's', ARGV[3], 'r', released, 'd', due, 'l', string.format('%.0f', count),
  'a', string.format('%.0f', first), 'k', kept)
return 1
`);

/**
 * KEYS: due. ARGV: time (16 digits), limit, number of services, the services, then the owners to leave out.
 * Replies with the members that are due. Skipping an owner is one seek, however many rooms it has.
 */
export const DUE = script(`
local except = {}
local services = tonumber(ARGV[3])
for at = 4 + services, #ARGV do except[ARGV[at]] = true end
local found, limit = {}, tonumber(ARGV[2])
for at = 4, 3 + services do
  local service, count = ARGV[at] .. '\\0', 0
  local from = '[' .. service
  while count < limit do
    local next = redis.call('ZRANGEBYLEX', KEYS[1], from, '(' .. ARGV[at] .. '\\1', 'LIMIT', 0, 1)[1]
    if not next then break end
    local owner = string.sub(next, #service + 1, string.find(next, '\\0', #service + 1, true) - 1)
    local prefix = '[' .. service .. owner
    if owner == '' or not except[owner] then
      local rows = redis.call('ZRANGEBYLEX', KEYS[1], prefix .. '\\0', prefix .. '\\0' .. ARGV[1] .. '\\1',
        'LIMIT', 0, limit - count)
      for _, row in ipairs(rows) do found[#found + 1] = row end
      count = count + #rows
    end
    from = prefix .. '\\1'
  end
end
return found
`);
