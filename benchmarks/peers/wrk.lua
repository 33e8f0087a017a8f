-- Requests with one token after the other, for a closed loop; prints what came of them as one line of JSON.
-- Arguments: the file of tokens, the first of them to send (from 0), how many, "again" or "once", path, then headers.
-- With "once" no token is sent twice: when they are used up, the run ends early.

local requests, at, once = {}, 0, false

function init(args)
  local first, count, path = tonumber(args[2]), tonumber(args[3]), args[5]
  once = args[4] == "once"
  local headers = {}
  for index = 6, #args do
    local name, value = args[index]:match("^(.-): (.*)$")
    headers[name] = value
  end
  local number = 0
  for token in io.lines(args[1]) do
    number = number + 1
    if number > first then
      headers["authorization"] = "Bearer " .. token
      requests[#requests + 1] = wrk.format("GET", path .. number, headers)
      if #requests == count then break end
    end
  end
end

function request()
  at = at + 1
  if at > #requests then
    if once then wrk.thread:stop() end
    at = 1
  end
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests": %d, "microseconds": %d, "failed": %d, "refused": %d, "p50": %d, "p99": %d, "p999": %d}\n',
    summary.requests, summary.duration, errors.connect + errors.read + errors.write + errors.timeout, errors.status,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
