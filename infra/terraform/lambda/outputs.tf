output "url" {
  description = "URL of Logmark. Use it as server.public_url, unless you have your own domain."
  value = local.has_domain ? "https://${var.domain_name}" : one(concat(
    aws_api_gateway_stage.live[*].invoke_url,
    aws_apigatewayv2_api.logmark[*].api_endpoint,
    aws_lambda_function_url.logmark[*].function_url,
  ))
}

output "domain_target" {
  description = "Target of the DNS record of domain_name; null without one."
  value = one(concat(
    aws_api_gateway_domain_name.logmark[*].regional_domain_name,
    [for name in aws_apigatewayv2_domain_name.logmark : name.domain_name_configuration[0].target_domain_name],
  ))
}

output "role_arn" {
  description = "Role of Logmark, for the trust policy of roles in other accounts (the module source-role)."
  value       = aws_iam_role.logmark.arn
}

output "function_name" {
  description = "The function."
  value       = aws_lambda_function.logmark.function_name
}

output "log_group_name" {
  description = "Log group of Logmark's own log."
  value       = aws_cloudwatch_log_group.logmark.name
}
