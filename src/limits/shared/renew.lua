-- Renews running work of one replica, and removes what has ended.
-- ARGV: the lease in milliseconds, the number of running ids, these, and then ids that have ended.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease, running = tonumber(ARGV[1]), tonumber(ARGV[2])
for i = 3, 2 + running do
  redis.call('ZADD', KEYS[1], now + lease, ARGV[i])
end
for i = 3 + running, #ARGV do
  redis.call('ZREM', KEYS[1], ARGV[i])
end
if running > 0 then
  redis.call('PEXPIRE', KEYS[1], lease)
end
return {running}
