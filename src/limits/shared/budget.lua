-- Accounts the bytes of one budget of a tenant. A hash:
--   day        the UTC day of the settled bytes
--   total      bytes settled on this day, by all replicas
--   reserved   bytes reserved by running work
--   withheld   1 if what is left may not be shown today
--   s:REPLICA  bytes settled by one replica on this day; only grows, so a repeated or late report changes nothing
--   r:ID       a reservation: its bytes, and when it expires in milliseconds
--   sweep      when to look for expired reservations
-- A reservation that expires is settled: its replica died, and its work may have used all of it.
-- ARGV: limit, lease in milliseconds, replica, its day, its settled bytes, its withheld flag, the id that needs bytes (empty: none),
-- the least and the most that it needs, and pairs of an id and the bytes that it has now (0: it has ended).
-- Returns: granted bytes or -1, total, reserved, withheld, the time in milliseconds.
local key = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, lease, replica = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]

local function whole(number)
  return string.format('%.0f', number)
end

local function read(field)
  return tonumber(redis.call('HGET', key, field) or '0')
end

local function add(field, number)
  if number ~= 0 then
    redis.call('HINCRBY', key, field, whole(number))
  end
end

local function each(prefix, visit)
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 2) == prefix then
      visit(all[i], all[i + 1])
    end
  end
end

local function set_reservation(id, bytes)
  local field = 'r:' .. id
  local old = redis.call('HGET', key, field)
  local before = old and tonumber(string.match(old, '^%d+')) or 0
  if bytes > 0 then
    redis.call('HSET', key, field, whole(bytes) .. ':' .. whole(now + lease))
  elseif old then
    redis.call('HDEL', key, field)
  end
  add('reserved', bytes - before)
  return before
end

-- A clock that went back does not begin a day again.
local day = math.max(math.floor(now / 86400000), read('day'))
if day ~= read('day') then
  each('s:', function(field) redis.call('HDEL', key, field) end)
  redis.call('HSET', key, 'day', whole(day), 'total', '0', 'withheld', '0')
end

local sweep = read('sweep')
if sweep == 0 then
  redis.call('HSET', key, 'sweep', whole(now + lease))
elseif now >= sweep then
  each('r:', function(field, value)
    local bytes, expires = string.match(value, '^(%d+):(%d+)$')
    if tonumber(expires) <= now then
      redis.call('HDEL', key, field)
      add('reserved', -tonumber(bytes))
      add('total', tonumber(bytes))
    end
  end)
  redis.call('HSET', key, 'sweep', whole(now + lease))
end

if tonumber(ARGV[4]) == day then
  local settled, known = tonumber(ARGV[5]), read('s:' .. replica)
  if settled > known then
    redis.call('HSET', key, 's:' .. replica, whole(settled))
    add('total', settled - known)
  end
  if ARGV[6] == '1' then
    redis.call('HSET', key, 'withheld', '1')
  end
end
for i = 10, #ARGV, 2 do
  set_reservation(ARGV[i], tonumber(ARGV[i + 1]))
end

local granted = -1
local id = ARGV[7]
if id ~= '' then
  local left = limit - read('total') - read('reserved')
  if left > 0 and tonumber(ARGV[8]) <= left then
    granted = math.min(tonumber(ARGV[9]), left)
    local old = redis.call('HGET', key, 'r:' .. id)
    set_reservation(id, granted + (old and tonumber(string.match(old, '^%d+')) or 0))
  end
end
-- Two days: a day and its running work.
redis.call('PEXPIRE', key, 172800000)
return {granted, read('total'), read('reserved'), read('withheld'), now}
