import { script } from './run-scripts.js';

/** Milliseconds after the end of a lease at which its entries are removed, a page of them with each renewal. */
const SWEEP = `60000`;

/**
 * KEYS: state, rooms, leases, nodes.
 * state: hash: server (its run id), lease (the longest, in ms), renewed (last renewal), settles (until when), fence (last
 * one), cursor and swept (of the sweep), ahead (ms by which a test has moved the clock). rooms: hash, SERVICE NUL KEY to
 * incarnation:fence:number of the claim, and :time if a successor has to claim it until then. leases: sorted set,
 * incarnation by end (0 if it has resigned). nodes: hash, incarnation to what it tells of itself.
 */
const COMMON = `
local time = redis.call('TIME')
local state = redis.call('HMGET', KEYS[1], 'lease', 'settles', 'fence', 'server', 'renewed', 'ahead')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2]) + tonumber(state[6] or '0') * 1000
local now = math.floor(micros / 1000)
local lease = tonumber(state[1] or '0')
local settles = tonumber(state[2] or '0')
local function text(number) return string.format('%.0f', number) end
local function alive(incarnation)
  local left = tonumber(redis.call('ZSCORE', KEYS[3], incarnation) or '0') - now
  return left > 0 and left <= lease
end
local function parse(entry)
  local incarnation, fence, number, limit = string.match(entry, '^([^:]*):(%d+):(%d+):?(%d*)$')
  return incarnation, tonumber(fence), tonumber(number), tonumber(limit)
end
local function settling()
  local left = settles - now
  if left > 0 and left <= lease then return left end
  return 0
end
local function settle_if_new(jumped)
  local info = redis.pcall('INFO', 'server')
  local server = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
  if server == state[4] and not jumped then return end
  settles = now + lease
  state[4] = server
  redis.call('HSET', KEYS[1], 'server', server, 'settles', text(settles))
end
local function next_fence(least)
  local fence = text(math.max(tonumber(state[3] or '0') + 1, micros, least))
  redis.call('HSET', KEYS[1], 'fence', fence)
  return fence
end
`;

/**
 * ARGV: incarnation, lease in ms, deadline (0 for none), info, names of rooms and their fences, both as JSON arrays. One
 * argument for each would take Redis twice as long (measured). Almost every entry is as it should be, and is not taken apart.
 * Replies with { 1 if the lease was alive, time, ms to settle, epoch, incarnations, positions of the rooms lost }, or
 * { by how many ms it is late }.
 */
export const RENEW = script(`${COMMON}
local limit = tonumber(ARGV[3])
if limit > 0 and now > limit then return { now - limit } end
lease = math.max(lease, tonumber(ARGV[2]))
local before = tonumber(state[5] or '0')
settle_if_new(math.abs(now - before) > lease / 2 and redis.call('ZCOUNT', KEYS[3], '(0', '+inf') > 0)
redis.call('HSET', KEYS[1], 'lease', text(lease), 'renewed', text(now))
local was_alive = alive(ARGV[1]) and 1 or 0
redis.call('ZADD', KEYS[3], text(now + tonumber(ARGV[2])), ARGV[1])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[4])
local lost, settles_for = {}, settling()
local names, fences = cjson.decode(ARGV[5]), cjson.decode(ARGV[6])
local entries = #names > 0 and redis.call('HMGET', KEYS[2], unpack(names)) or {}
for at = 1, #names do
  local entry, fence = entries[at], fences[at]
  local own = ARGV[1] .. ':' .. fence .. ':'
  local is_kept = entry and string.sub(entry, 1, #own) == own and not string.find(entry, ':', #own + 1, true)
  if not is_kept then
    local incarnation, held, number, untilAt
    if entry then incarnation, held, number, untilAt = parse(entry) end
    if incarnation == ARGV[1] and held == tonumber(fence) then
      if untilAt then redis.call('HSET', KEYS[2], names[at], own .. text(number)) end
    elseif settles_for > 0 and (not held or held < tonumber(fence)) then
      redis.call('HSET', KEYS[2], names[at], own .. '0')
      if tonumber(fence) > tonumber(state[3] or '0') then
        state[3] = fence
        redis.call('HSET', KEYS[1], 'fence', fence)
      end
    else
      lost[#lost + 1] = at
    end
  end
end
local old = text(now - ${SWEEP})
if settles_for == 0 and redis.call('ZCOUNT', KEYS[3], '-inf', '(' .. old) > 0 then
  local sweep = redis.call('HMGET', KEYS[1], 'cursor', 'swept')
  local cursor, swept = sweep[1] or '0', sweep[2] or old
  if cursor == '0' then swept = old end
  local page = redis.call('HSCAN', KEYS[2], cursor, 'COUNT', 200)
  for at = 1, #page[2], 2 do
    local score = redis.call('ZSCORE', KEYS[3], (parse(page[2][at + 1])) or '')
    if not score or tonumber(score) < tonumber(old) then redis.call('HDEL', KEYS[2], page[2][at]) end
  end
  redis.call('HSET', KEYS[1], 'cursor', page[1], 'swept', swept)
  if page[1] == '0' then
    for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. swept)) do redis.call('HDEL', KEYS[4], gone) end
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', '(' .. swept)
  end
end
local nodes = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. text(now), text(now + lease))
return { was_alive, text(now), settles_for, state[4] .. ':' .. text(settles), nodes, lost }
`);

/**
 * ARGV: incarnation, room, number of the claim, smallest fence, deadline (0 for none).
 * Replies with claimed, the fence and 1 if the lease of another owner has run out; owned, incarnation and fence; settling and ms; no_lease; late and by how many ms, or
 * late if a later claim came first.
 */
export const CLAIM_ROOM = script(`${COMMON}
local limit = tonumber(ARGV[5])
if limit > 0 and now > limit then return { 'late', now - limit } end
if not alive(ARGV[1]) then return { 'no_lease' } end
settle_if_new(false)
local entry = redis.call('HGET', KEYS[2], ARGV[2])
local incarnation, fence, number, untilAt
if entry then incarnation, fence, number, untilAt = parse(entry) end
local counts = incarnation and alive(incarnation) and (not untilAt or now < untilAt)
if counts and incarnation ~= ARGV[1] then return { 'owned', incarnation, text(fence) } end
if incarnation == ARGV[1] and number > tonumber(ARGV[3]) then return { 'late' } end
if not counts and settling() > 0 then return { 'settling', settling() } end
fence = next_fence(math.max(tonumber(ARGV[4]), (fence or 0) + 1))
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1] .. ':' .. fence .. ':' .. ARGV[3])
local ended = incarnation and incarnation ~= ARGV[1] and tonumber(redis.call('ZSCORE', KEYS[3], incarnation) or '0')
return { 'claimed', fence, ended and ended > 0 and 1 or 0 }
`);

/**
 * ARGV: incarnation, room, fence or empty, number of the claim or empty, successor or empty.
 * Replies with released, handed or not_owner.
 */
export const RELEASE_ROOM = script(`${COMMON}
local entry = redis.call('HGET', KEYS[2], ARGV[2])
if not entry then return 'not_owner' end
local incarnation, fence, number = parse(entry)
if incarnation ~= ARGV[1] then return 'not_owner' end
if ARGV[3] ~= '' and fence ~= tonumber(ARGV[3]) then return 'not_owner' end
if ARGV[4] ~= '' and number ~= tonumber(ARGV[4]) then return 'not_owner' end
if ARGV[5] == '' or not alive(ARGV[5]) then
  redis.call('HDEL', KEYS[2], ARGV[2])
  return 'released'
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[5] .. ':' .. next_fence(fence + 1) .. ':0:' .. text(now + lease))
return 'handed'
`);

/** ARGV: room. Replies with incarnation and fence, or nothing. */
export const LOCATE_ROOM = script(`${COMMON}
local entry = redis.call('HGET', KEYS[2], ARGV[1])
if not entry then return {} end
local incarnation, fence, _, untilAt = parse(entry)
if not alive(incarnation) or (untilAt and now >= untilAt) then return {} end
return { incarnation, text(fence) }
`);

/** Replies with incarnation and info of each node, one after the other. */
export const LIST_NODES = script(`${COMMON}
local found = {}
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. text(now), text(now + lease))) do
  found[#found + 1] = node
  found[#found + 1] = redis.call('HGET', KEYS[4], node) or ''
end
return found
`);

/** ARGV: incarnation. Its lease is kept, as ended, until its entries have been removed. */
export const RESIGN = script(`
redis.call('ZADD', KEYS[3], 'XX', 0, ARGV[1])
return 1
`);
