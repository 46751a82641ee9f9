# An HTTP API: cheaper than a REST API, and buffered. Answers below 6 MB, within 29 s, and without `%2F` in paths, which it
# decodes (write `:` for `/`, or use /logs?group=).
#
# No authorizer: Logmark verifies the token itself and does not use claims of an authorizer.

resource "aws_apigatewayv2_api" "logmark" {
  count = local.is_http_api ? 1 : 0

  name                         = var.name
  description                  = "Your customers' own logs over HTTPS"
  protocol_type                = "HTTP"
  disable_execute_api_endpoint = local.has_domain
}

resource "aws_apigatewayv2_integration" "logmark" {
  count = local.is_http_api ? 1 : 0

  api_id                 = aws_apigatewayv2_api.logmark[0].id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.live.invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_apigatewayv2_route" "everything" {
  count = local.is_http_api ? 1 : 0

  api_id             = aws_apigatewayv2_api.logmark[0].id
  route_key          = "$default"
  authorization_type = "NONE"
  target             = "integrations/${aws_apigatewayv2_integration.logmark[0].id}"
}

resource "aws_apigatewayv2_stage" "default" {
  count = local.is_http_api ? 1 : 0

  api_id      = aws_apigatewayv2_api.logmark[0].id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    detailed_metrics_enabled = true
    throttling_rate_limit    = 200
    throttling_burst_limit   = 400
  }

  dynamic "access_log_settings" {
    for_each = var.access_log_group_arn == "" ? [] : [var.access_log_group_arn]

    content {
      destination_arn = access_log_settings.value
      format          = var.access_log_format
    }
  }
}

# Only this API may invoke the function.
resource "aws_lambda_permission" "http_api" {
  count = local.is_http_api ? 1 : 0

  function_name = aws_lambda_function.logmark.function_name
  qualifier     = aws_lambda_alias.live.name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.logmark[0].execution_arn}/*/$default"
}

resource "aws_apigatewayv2_domain_name" "logmark" {
  count = local.is_http_api && local.has_domain ? 1 : 0

  domain_name = var.domain_name

  domain_name_configuration {
    certificate_arn = var.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "logmark" {
  count = local.is_http_api && local.has_domain ? 1 : 0

  api_id      = aws_apigatewayv2_api.logmark[0].id
  domain_name = aws_apigatewayv2_domain_name.logmark[0].id
  stage       = aws_apigatewayv2_stage.default[0].id
}
