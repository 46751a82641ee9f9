# Logmark as a standing service on Fargate: the task, its roles and its log group. The network is in network.tf, scaling
# and alarms in scaling.tf.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.region

  port       = 8080
  admin_port = 9090

  # Override the configuration, because they belong to this deployment.
  settings = {
    LOGMARK_CONFIG                                  = var.config
    LOGMARK__SERVER__LISTEN                         = "0.0.0.0:8080"
    LOGMARK__SERVER__ADMIN_LISTEN                   = "0.0.0.0:9090"
    LOGMARK__SERVER__PUBLIC_URL                     = var.public_url
    LOGMARK__SERVER__LIMITS__MAX_CONNECTIONS_PER_IP = "0"
    # Longer than the load balancer's 60 s, so that the balancer never sends a request over a connection that is being closed.
    LOGMARK__SERVER__LIMITS__IDLE_TIMEOUT = "75s"
  }
}

resource "aws_cloudwatch_log_group" "logmark" {
  name              = "/logmark/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn == "" ? null : var.kms_key_arn
}

module "policy" {
  source = "../policy"

  log_group_arns      = var.log_group_arns
  queries             = var.queries
  read_quotas         = true
  source_role_arns    = var.source_role_arns
  audit_log_group_arn = var.audit_log_group_arn
  config              = var.config
  config_kms_key_arn  = var.config_kms_key_arn
}

data "aws_iam_policy_document" "trust" {
  statement {
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

# Permissions of Logmark.
resource "aws_iam_role" "logmark" {
  name_prefix        = "${var.name}-"
  description        = "Permissions of Logmark"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "logmark" {
  name   = "logmark"
  role   = aws_iam_role.logmark.id
  policy = module.policy.json
}

# Permissions of ECS to start the task: fetch the image, write the log, read the two secrets.
data "aws_iam_policy_document" "start" {
  statement {
    sid       = "WriteOwnLog"
    effect    = "Allow"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.logmark.arn}:*"]
  }

  statement {
    sid       = "ReadCursorKeys"
    effect    = "Allow"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.cursor_key_secret_arn]
  }

  # This action takes no resource.
  statement {
    sid       = "LogInToRegistry"
    effect    = "Allow"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "FetchImage"
    effect    = "Allow"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [var.repository_arn]
  }
}

resource "aws_iam_role" "start" {
  name_prefix        = "${var.name}-start-"
  description        = "Permissions of ECS to start Logmark"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "start" {
  name   = "start"
  role   = aws_iam_role.start.id
  policy = data.aws_iam_policy_document.start.json
}

resource "aws_ecs_cluster" "logmark" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "logmark" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.logmark.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture == "arm64" ? "ARM64" : "X86_64"
  }

  container_definitions = jsonencode([{
    name                   = "logmark"
    image                  = var.image
    essential              = true
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    privileged             = false
    linuxParameters        = { initProcessEnabled = false, capabilities = { drop = ["ALL"] } }
    # Logmark drains for 20 s when it stops.
    stopTimeout  = 30
    portMappings = [for port in [local.port, local.admin_port] : { containerPort = port, protocol = "tcp" }]
    environment  = [for name, value in local.settings : { name = name, value = value }]
    secrets = [
      { name = "LOGMARK_CURSOR_KEY", valueFrom = "${var.cursor_key_secret_arn}:current::" },
      { name = "LOGMARK_CURSOR_KEY_PREVIOUS", valueFrom = "${var.cursor_key_secret_arn}:previous::" },
    ]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.logmark.name
        "awslogs-region"        = local.region
        "awslogs-stream-prefix" = "task"
        # Requests do not wait for the log. Beyond 25 MB of waiting lines, lines are lost.
        "mode"            = "non-blocking"
        "max-buffer-size" = "25m"
      }
    }
  }])
}

resource "aws_ecs_service" "logmark" {
  name                               = var.name
  cluster                            = aws_ecs_cluster.logmark.id
  task_definition                    = aws_ecs_task_definition.logmark.arn
  launch_type                        = "FARGATE"
  platform_version                   = "LATEST"
  desired_count                      = var.tasks_min
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 60
  enable_execute_command             = false

  # ECS rolls back a version whose tasks do not become healthy.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.logmark.arn
    container_name   = "logmark"
    container_port   = local.port
  }

  lifecycle {
    ignore_changes = [desired_count]
  }

  depends_on = [aws_lb_listener.https, aws_iam_role_policy.logmark, aws_iam_role_policy.start]
}
