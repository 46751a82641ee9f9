-- Takes one request from a tenant's token bucket (GCRA). The key holds the time at which the bucket is full, in microseconds.
-- ARGV: the interval of requests in microseconds. Returns: 1 if taken, requests left, microseconds to wait.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), 1000000
local full = tonumber(redis.call('GET', KEYS[1]) or '0')
full = math.min(math.max(full, now), now + burst)
local new = full + interval
-- Half a microsecond is the precision of the numbers.
if new > now + burst + 0.5 then
  return {0, 0, math.ceil(new - now - burst)}
end
redis.call('SET', KEYS[1], string.format('%.3f', new), 'PX', math.ceil((new - now) / 1000) + 1)
return {1, math.floor((now + burst - new + 0.5) / interval), 0}
