locals {
  # Each front end has its own namespace, dimension and metric name for 5xx.
  fives = {
    "rest-api"     = { namespace = "AWS/ApiGateway", metric = "5XXError", dimensions = { ApiName = var.name } }
    "http-api"     = { namespace = "AWS/ApiGateway", metric = "5xx", dimensions = { ApiId = local.http_api_id } }
    "function-url" = { namespace = "AWS/Lambda", metric = "Url5xxCount", dimensions = { FunctionName = var.name } }
  }
  http_api_id = local.is_http_api ? aws_apigatewayv2_api.logmark[0].id : "none"

  # Counts within one minute, in three of five minutes.
  counts = {
    errors = {
      description = "Invocations fail. Logmark answers every request, so this is a crash, a timeout or a wrong configuration."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = var.name }
      threshold   = 1
    }
    throttles = {
      description = "Concurrent requests exceed reserved_concurrency."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = { FunctionName = var.name }
      threshold   = 1
    }
    fives = {
      description = "Clients get 5xx answers."
      namespace   = local.fives[var.front_door].namespace
      metric      = local.fives[var.front_door].metric
      dimensions  = local.fives[var.front_door].dimensions
      threshold   = 5
    }
    overloaded = {
      description = "CloudWatch Logs throttles or fails, and clients get 503. Check the request lines of the log, or raise the quota."
      namespace   = "Logmark"
      metric      = "${var.name}-overloaded"
      dimensions  = {}
      threshold   = 10
    }
  }
}

# Logmark answers 503 when CloudWatch throttles or fails for longer than its deadline. Its request lines have the status.
resource "aws_cloudwatch_log_metric_filter" "overloaded" {
  name           = "${var.name}-overloaded"
  log_group_name = aws_cloudwatch_log_group.logmark.name
  pattern        = "{ ($.target = \"request\") && ($.['http.status'] = 503) }"

  metric_transformation {
    namespace     = "Logmark"
    name          = "${var.name}-overloaded"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "count" {
  for_each = local.counts

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "duration" {
  alarm_name          = "${var.name}-duration"
  alarm_description   = "The slowest 1 % of the answers take 90 % of the function's timeout."
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = { FunctionName = var.name }
  extended_statistic  = "p99"
  period              = 300
  evaluation_periods  = 3
  threshold           = 900 * local.timeout
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_cloudwatch_dashboard" "logmark" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [
      {
        type = "metric", x = 0, y = 0, width = 12, height = 6
        properties = {
          title   = "Requests and failures", region = local.region, stat = "Sum", period = 60
          metrics = concat([["AWS/Lambda", "Invocations", "FunctionName", var.name]], [for count in local.counts : concat([count.namespace, count.metric], flatten([for name, value in count.dimensions : [name, value]]))])
        }
      },
      {
        type = "metric", x = 12, y = 0, width = 12, height = 6
        properties = {
          title   = "Time", region = local.region, period = 60
          metrics = [for stat in ["p50", "p99"] : ["AWS/Lambda", "Duration", "FunctionName", var.name, { stat = stat }]]
        }
      },
      {
        type = "log", x = 0, y = 6, width = 24, height = 6
        properties = {
          title = "Answers by route and status", region = local.region, view = "table"
          query = "SOURCE '${aws_cloudwatch_log_group.logmark.name}' | filter target = 'request' | stats count(*) as answers, pct(duration_us, 99) / 1000 as p99_ms by http.route, http.status | sort answers desc"
        }
      },
    ]
  })
}
