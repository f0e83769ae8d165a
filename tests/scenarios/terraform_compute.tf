terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "endpoint" { type = string }
variable "public_key" { type = string }
provider "aws" {
  access_key                  = "test"
  secret_key                  = "test"
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  endpoints {
    ec2 = var.endpoint
    iam = var.endpoint
    sts = var.endpoint
  }
}
resource "aws_key_pair" "mine" {
  key_name   = "mine"
  public_key = var.public_key
  tags       = { owner = "terraform" }
}
data "aws_key_pair" "same" {
  key_name           = aws_key_pair.mine.key_name
  include_public_key = true
}
data "aws_ami" "amazon_linux" {
  most_recent = true
  owners      = ["amazon"]
  filter {
    name   = "name"
    values = ["amzn2-ami-hvm-*-x86_64-gp2"]
  }
}
data "aws_ami" "ubuntu" {
  most_recent = true
  owners      = ["099720109477"]
  filter {
    name   = "name"
    values = ["ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-amd64-server-*"]
  }
  filter {
    name   = "virtualization-type"
    values = ["hvm"]
  }
}
data "aws_ec2_instance_type" "micro" { instance_type = "t2.micro" }
data "aws_ec2_instance_type_offerings" "micro" {
  location_type = "availability-zone"
  filter {
    name   = "instance-type"
    values = ["t3.micro"]
  }
}
output "told" {
  value = {
    amazon_linux = data.aws_ami.amazon_linux.name
    ubuntu       = data.aws_ami.ubuntu.root_device_name
    memory       = data.aws_ec2_instance_type.micro.memory_size
    zones        = data.aws_ec2_instance_type_offerings.micro.locations
    fingerprint  = data.aws_key_pair.same.fingerprint
  }
}
