# Each task uses the whole quota of CloudWatch Logs, or its part given by `quotas` in the configuration. More tasks serve more
# clients from their caches; they make no more calls.

resource "aws_appautoscaling_target" "tasks" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.logmark.name}/${aws_ecs_service.logmark.name}"
  min_capacity       = var.tasks_min
  max_capacity       = var.tasks_max

  lifecycle {
    precondition {
      condition     = var.tasks_max >= var.tasks_min
      error_message = "tasks_max must be at least tasks_min."
    }
  }
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "${var.name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.tasks.service_namespace
  scalable_dimension = aws_appautoscaling_target.tasks.scalable_dimension
  resource_id        = aws_appautoscaling_target.tasks.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 60
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

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

locals {
  counts = {
    overloaded = {
      description = "CloudWatch Logs throttles or fails, and clients get 503."
      namespace   = "Logmark"
      metric      = "${var.name}-overloaded"
      dimensions  = {}
      threshold   = 10
    }
    fives = {
      description = "Logmark answers with 5xx."
      namespace   = "AWS/ApplicationELB"
      metric      = "HTTPCode_Target_5XX_Count"
      dimensions  = { LoadBalancer = aws_lb.logmark.arn_suffix }
      threshold   = 5
    }
    unhealthy = {
      description = "A task is not ready. See its log and /readyz."
      namespace   = "AWS/ApplicationELB"
      metric      = "UnHealthyHostCount"
      dimensions  = { LoadBalancer = aws_lb.logmark.arn_suffix, TargetGroup = aws_lb_target_group.logmark.arn_suffix }
      threshold   = 1
    }
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
