# A function URL that streams: no gateway, no gateway's limits and none of its means (WAF, access log, throttling, domain).
#
# Authorization is NONE, and AWS_IAM is not offered: it, and CloudFront's origin access control with it, put AWS's signature
# into the header Authorization, which is the only place where Logmark takes the caller's token from.

resource "aws_lambda_function_url" "logmark" {
  count = local.is_function_url ? 1 : 0

  function_name      = aws_lambda_function.logmark.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "NONE"
  invoke_mode        = "RESPONSE_STREAM"
}

# URLs made since October 2025 need both permissions.
resource "aws_lambda_permission" "call_url" {
  count = local.is_function_url ? 1 : 0

  function_name          = aws_lambda_function.logmark.function_name
  qualifier              = aws_lambda_alias.live.name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"
}

resource "aws_lambda_permission" "invoke_through_url" {
  count = local.is_function_url ? 1 : 0

  function_name            = aws_lambda_function.logmark.function_name
  qualifier                = aws_lambda_alias.live.name
  action                   = "lambda:InvokeFunction"
  principal                = "*"
  invoked_via_function_url = true
}
