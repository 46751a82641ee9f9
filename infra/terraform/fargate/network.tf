# A load balancer with TLS. It sends plain HTTP to the tasks within the VPC.

resource "aws_security_group" "balancer" {
  name_prefix = "${var.name}-balancer-"
  description = "Clients to the load balancer"
  vpc_id      = var.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = toset(var.client_cidrs)

  security_group_id = aws_security_group.balancer.id
  description       = "HTTPS from clients"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "requests" {
  security_group_id            = aws_security_group.balancer.id
  description                  = "Requests to Logmark"
  referenced_security_group_id = aws_security_group.task.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "checks" {
  security_group_id            = aws_security_group.balancer.id
  description                  = "Health checks on Logmark's admin listener"
  referenced_security_group_id = aws_security_group.task.id
  ip_protocol                  = "tcp"
  from_port                    = local.admin_port
  to_port                      = local.admin_port
}

resource "aws_security_group" "task" {
  name_prefix = "${var.name}-task-"
  description = "The load balancer to Logmark"
  vpc_id      = var.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "requests" {
  security_group_id            = aws_security_group.task.id
  description                  = "Requests from the load balancer"
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_ingress_rule" "checks" {
  security_group_id            = aws_security_group.task.id
  description                  = "Health checks from the load balancer; nothing else can reach the admin listener"
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = local.admin_port
  to_port                      = local.admin_port
}

# CloudWatch Logs, STS, the configuration and the issuers' keys all use HTTPS; the addresses of the issuers are not known here.
resource "aws_vpc_security_group_egress_rule" "upstream" {
  security_group_id = aws_security_group.task.id
  description       = "HTTPS to AWS and to the token issuers"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_lb" "logmark" {
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = var.internal
  subnets                    = var.public_subnet_ids
  security_groups            = [aws_security_group.balancer.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
  idle_timeout               = 60

  dynamic "access_logs" {
    for_each = var.access_log_bucket == "" ? [] : [var.access_log_bucket]

    content {
      bucket  = access_logs.value
      prefix  = var.name
      enabled = true
    }
  }
}

resource "aws_lb_target_group" "logmark" {
  name_prefix          = "logm-"
  port                 = local.port
  protocol             = "HTTP"
  target_type          = "ip"
  vpc_id               = var.vpc_id
  deregistration_delay = 30

  # /readyz turns 503 as soon as Logmark stops, and while no issuer has keys.
  health_check {
    protocol            = "HTTP"
    port                = local.admin_port
    path                = "/readyz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  lifecycle {
    create_before_destroy = true
  }
}

# There is no listener on port 80: with a redirect, clients would first send their tokens in plain text.
resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.logmark.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.logmark.arn
  }
}

resource "aws_wafv2_web_acl_association" "balancer" {
  count = var.web_acl_arn == "" ? 0 : 1

  resource_arn = aws_lb.logmark.arn
  web_acl_arn  = var.web_acl_arn
}
