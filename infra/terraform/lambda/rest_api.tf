# A REST API that streams: answers of any size, for up to 15 minutes.
#
# Two resources cover all routes: Logmark has its own 404s, and new routes need no deployment of the gateway.
# Authorization is NONE, because Logmark verifies the token itself and does not use claims of an authorizer.

locals {
  # Date and action differ from those of a buffered integration.
  streaming_uri = "arn:${local.partition}:apigateway:${local.region}:lambda:path/2021-11-15/functions/${aws_lambda_alias.live.arn}/response-streaming-invocations"
}

resource "aws_api_gateway_rest_api" "logmark" {
  count = local.is_rest_api ? 1 : 0

  name                         = var.name
  description                  = "Your customers' own logs over HTTPS"
  disable_execute_api_endpoint = local.has_domain

  # Regional: a stream may pause for 5 minutes; on an edge-optimised API for 30 s.
  endpoint_configuration {
    types = ["REGIONAL"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_method" "root" {
  count = local.is_rest_api ? 1 : 0

  rest_api_id   = aws_api_gateway_rest_api.logmark[0].id
  resource_id   = aws_api_gateway_rest_api.logmark[0].root_resource_id
  http_method   = "ANY"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "root" {
  count = local.is_rest_api ? 1 : 0

  rest_api_id             = aws_api_gateway_rest_api.logmark[0].id
  resource_id             = aws_api_gateway_method.root[0].resource_id
  http_method             = aws_api_gateway_method.root[0].http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = local.streaming_uri
  response_transfer_mode  = "STREAM"
  timeout_milliseconds    = 900000
}

resource "aws_api_gateway_resource" "everything" {
  count = local.is_rest_api ? 1 : 0

  rest_api_id = aws_api_gateway_rest_api.logmark[0].id
  parent_id   = aws_api_gateway_rest_api.logmark[0].root_resource_id
  path_part   = "{proxy+}"
}

resource "aws_api_gateway_method" "everything" {
  count = local.is_rest_api ? 1 : 0

  rest_api_id   = aws_api_gateway_rest_api.logmark[0].id
  resource_id   = aws_api_gateway_resource.everything[0].id
  http_method   = "ANY"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "everything" {
  count = local.is_rest_api ? 1 : 0

  rest_api_id             = aws_api_gateway_rest_api.logmark[0].id
  resource_id             = aws_api_gateway_method.everything[0].resource_id
  http_method             = aws_api_gateway_method.everything[0].http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = local.streaming_uri
  response_transfer_mode  = "STREAM"
  timeout_milliseconds    = 900000
}

# A deployment is a snapshot: a change of its content creates a new one.
resource "aws_api_gateway_deployment" "logmark" {
  count = local.is_rest_api ? 1 : 0

  rest_api_id = aws_api_gateway_rest_api.logmark[0].id

  triggers = {
    redeployment = sha256(jsonencode([
      aws_api_gateway_method.root,
      aws_api_gateway_integration.root,
      aws_api_gateway_resource.everything,
      aws_api_gateway_method.everything,
      aws_api_gateway_integration.everything,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "live" {
  count = local.is_rest_api ? 1 : 0

  rest_api_id   = aws_api_gateway_rest_api.logmark[0].id
  deployment_id = aws_api_gateway_deployment.logmark[0].id
  stage_name    = "live"

  dynamic "access_log_settings" {
    for_each = var.access_log_group_arn == "" ? [] : [var.access_log_group_arn]

    content {
      destination_arn = access_log_settings.value
      format          = var.access_log_format
    }
  }
}

resource "aws_api_gateway_method_settings" "all" {
  count = local.is_rest_api ? 1 : 0

  rest_api_id = aws_api_gateway_rest_api.logmark[0].id
  stage_name  = aws_api_gateway_stage.live[0].stage_name
  method_path = "*/*"

  settings {
    metrics_enabled = true
    # Execution logs contain requests with their tokens.
    logging_level          = "OFF"
    data_trace_enabled     = false
    throttling_rate_limit  = 200
    throttling_burst_limit = 400
  }
}

# Only this API may invoke the function.
resource "aws_lambda_permission" "rest_api" {
  count = local.is_rest_api ? 1 : 0

  function_name = aws_lambda_function.logmark.function_name
  qualifier     = aws_lambda_alias.live.name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.logmark[0].execution_arn}/${aws_api_gateway_stage.live[0].stage_name}/*"
}

resource "aws_wafv2_web_acl_association" "rest_api" {
  count = local.is_rest_api && var.web_acl_arn != "" ? 1 : 0

  resource_arn = aws_api_gateway_stage.live[0].arn
  web_acl_arn  = var.web_acl_arn
}

resource "aws_api_gateway_domain_name" "logmark" {
  count = local.is_rest_api && local.has_domain ? 1 : 0

  domain_name              = var.domain_name
  regional_certificate_arn = var.certificate_arn
  security_policy          = "TLS_1_2"

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_base_path_mapping" "logmark" {
  count = local.is_rest_api && local.has_domain ? 1 : 0

  domain_name = aws_api_gateway_domain_name.logmark[0].domain_name
  api_id      = aws_api_gateway_rest_api.logmark[0].id
  stage_name  = aws_api_gateway_stage.live[0].stage_name
}
