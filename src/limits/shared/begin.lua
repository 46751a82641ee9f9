-- Counts running work: a sorted set of ids by the time at which each expires, in milliseconds.
-- ARGV: the lease in milliseconds, the limit, the id that begins (empty: none), ids that have ended.
-- Returns: 1 if the work may begin, and how many run then.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease, limit, id = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for i = 4, #ARGV do
  redis.call('ZREM', KEYS[1], ARGV[i])
end
local running = redis.call('ZCARD', KEYS[1])
if id == '' or running >= limit then
  return {0, running}
end
redis.call('ZADD', KEYS[1], now + lease, id)
redis.call('PEXPIRE', KEYS[1], lease)
return {1, running + 1}
