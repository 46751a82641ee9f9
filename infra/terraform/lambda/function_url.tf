# A function URL that streams, without a gateway: without its limits, and without WAF, access log, throttling and domain.
#
# Authorization is NONE. AWS_IAM, and CloudFront's origin access control, put AWS's signature into the header Authorization, the
# only header from which Logmark reads the caller's token.

resource "aws_lambda_function_url" "logmark" {
  count = local.is_function_url ? 1 : 0

  function_name      = aws_lambda_function.logmark.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "NONE"
  invoke_mode        = "RESPONSE_STREAM"
}

# Function URLs created since October 2025 need both permissions.
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
