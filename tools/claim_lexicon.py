"""Words of the field in English and Chinese that mean the same, and words that exclude one another."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

# One idea a line: English forms, then Chinese forms. The first English form names the idea.
_TERMS: Final = """
language model|llm|large language model = 语言模型|大模型|大语言模型
model = 模型
token = 词元|令牌
tokenizer|tokenize|tokenization = 分词器|分词
vocabulary = 词表|词汇表
prompt = 提示|提示词
answer|response|reply = 回答|答案|回复|应答
question = 问题|提问
request = 请求
attention = 注意力
head = 头
query = 查询
key = 键
value = 值
document|doc = 文档
passage|paragraph = 段落|片段
text = 文本|文字
vector = 向量
embedding|embed = 嵌入
layer = 层|逐层
weight = 权重
activation = 激活值
activate|active = 激活
parameter = 参数|参数量
gradient = 梯度
optimizer = 优化器
state = 状态
loss = 损失
reward = 奖励
policy = 策略
reference model = 参考模型
value model|critic = 价值模型
reward model = 奖励模型
base model = 基座模型|基础模型|底座模型
adapter = 适配器
matrix = 矩阵
rank = 秩
block|chunk|tile|piece = 块|小块|分块
batch = 批|批次|批处理
batch size = 批大小|批量大小|批量
micro batch = 微批次
cache = 缓存
kv cache|key value cache = kv缓存|键值缓存|kv 缓存
prefix = 前缀
sequence = 序列
context|context length|context window = 上下文|上下文长度|上下文窗口
length|long = 长度|长
memory|ram|vram = 内存|显存
bandwidth = 带宽
latency|delay = 延迟|时延
throughput = 吞吐|吞吐量
compute|computation = 计算|算力
peak = 峰值
ratio|proportion = 比例|比值|比率|之比
cost|price = 费用|成本|价格
free of charge|free = 免费
speed|fast|quick = 速度|快|迅速
slow = 慢
accuracy|accurate = 准确率|准确|精确度
exact = 精确
approximate|approximation = 近似
quality = 质量
score = 分数|得分|评分|打分
benchmark = 基准|基准测试
subject = 学科|科目
option = 选项
metric|indicator = 指标
label|annotation = 标注|标签
human|people|person = 人|人类|人工
claim|statement = 论断|声明|陈述
training|train = 训练
pretraining|pretrain = 预训练
fine tuning|fine tune|finetune|finetuning = 微调
supervised = 监督|有监督
retrain = 重新训练
inference|infer = 推理
serving|serve = 服务|推理服务
deploy|deployment = 部署
generate|generation = 生成
retrieve|retrieval = 检索|召回
rerank|reranker = 重排|重排序
recall = 召回率
search = 搜索
prefill = 预填充|预填
decode|decoding = 解码
speculative = 投机|推测
draft = 草稿
target = 目标
verify|check|verification = 验证|校验|检查
propose = 提出|提议
accept = 接受
reject = 拒绝|被拒
prefer|preference = 偏好
sample|sampling = 采样|抽样
quantize|quantization = 量化
calibration|calibrate = 校准
precision = 精度
mixed precision = 混合精度
application = 应用
overflow = 上溢|溢出
underflow = 下溢
loss scaling = 损失缩放
scale = 缩放|扩展
exponent = 指数|指数位
dynamic range = 动态范围
compress|compression = 压缩
distill|distillation = 蒸馏
prune|pruning = 剪枝
merge = 合并
split|divide into|partition|shard = 拆分|切分|划分|分片
gather = 收集|聚集
reduce scatter = 规约散播
all reduce = 全规约
copy|replicate|replica = 复制|副本
recompute|recomputation = 重新计算|重算
compute anew|redo = 重做
forward pass|forward = 前向|前向传播|正向传播|前馈
backward pass|backward|backpropagation = 反向|反向传播
stage|phase = 阶段
step = 步|步骤|步数
bubble|idle = 气泡|空闲
worker|node = 节点|工作节点
machine|host = 机器|主机
network = 网络
process = 进程
thread = 线程
tensor parallelism|tensor parallel = 张量并行
pipeline = 流水线
pipeline parallelism|pipeline parallel = 流水线并行
data parallelism|data parallel = 数据并行
expert parallelism|expert parallel = 专家并行
parallel|parallelism = 并行
expert = 专家
mixture of experts = 混合专家
router|route = 路由|路由器
gpu|graphics card = 显卡
cpu|processor = 处理器
hardware = 硬件
driver = 驱动
kernel = 内核|算子
compute bound|limited by compute|bound by compute|compute limited = 计算受限|算力受限|受计算限制|受限于计算|受算力限制|计算瓶颈
memory bound|bandwidth bound|limited by memory bandwidth|limited by memory|memory bandwidth bound|bound by memory = 内存受限|访存受限|带宽受限|内存带宽受限|受内存带宽限制|受带宽限制|受限于内存带宽|受显存带宽限制
arithmetic intensity|operational intensity = 算术强度|计算强度|运算强度
ridge point = 拐点|脊点
distribution = 分布
probability = 概率
likelihood = 似然
average|mean = 平均|均值
perplexity = 困惑度
temperature = 温度
hallucination = 幻觉
fact|factual|truthful|true = 事实|真实|属实
learning rate = 学习率
warm up|warmup = 预热
decay = 衰减
cosine = 余弦
schedule|scheduler = 调度|调度器
rotate|rotation|rotary = 旋转
position|positional = 位置
frequency = 频率
graph = 图|图谱
agent = 智能体|代理
tool = 工具
task = 任务
role = 角色
team|crew = 团队|小组
session = 会话
history = 历史|历史记录
workflow|flow = 工作流|流程
database = 数据库
storage|store|hold = 存储|保存|存放
index = 索引
file = 文件
folder|directory = 文件夹|目录
disk = 磁盘|硬盘
log|record = 记录|日志
dashboard|panel = 面板|看板|仪表盘
chart|plot = 图表|曲线图
experiment = 实验
trace = 追踪|轨迹|链路
observe|observability|observable = 可观测|可观测性|观测
monitor = 监控|监测
experience|log in = 登录
server = 服务器|服务端
client = 客户端
port = 端口
interface|api = 接口|界面
command line|cli = 命令行
web page|web = 网页|网页端
code = 代码
library|package = 库|软件包
framework = 框架
engine = 引擎
platform = 平台
plugin|extension = 插件
format = 格式
version = 版本
licence|license = 许可证|协议|许可
configuration|config|configure = 配置
install|installation = 安装
dependency = 依赖项
dataset|data set|data = 数据集|数据|语料|corpus
example = 样本|样例|示例
table = 表格
formula|equation = 公式
picture|image = 图片|图像
header = 页眉
footer = 页脚
page = 页
schema = 模式
grammar = 语法|文法
regular expression|regex = 正则表达式|正则
finite state machine|finite state automaton = 有限状态机|有限自动机
structured output = 结构化输出
constraint|constrain = 约束
mask = 掩码|屏蔽
download = 下载
upload = 上传
export = 导出
import = 导入
convert|conversion|transform = 转换|转为|转化
detect = 检测|识别|探测
publish|release|released = 发布|推出|公布
develop|developer = 开发|开发者|研发
write|written = 编写|撰写|写入|写成
read = 读取|阅读
train from scratch = 从头训练
send|transfer = 发送|传送|传输
receive = 接收|收到
run = 运行|执行
start|begin|beginning = 开始|启动|初期
stop|end|finish = 停止|结束
load = 加载|载入
share|shared|common = 共享|共用|相同前缀
reuse = 复用|重用
update|modify = 更新|修改
support = 支持
provide|offer = 提供
need|require|requirement|necessary = 需要|需|必须|必需|要求
can|may|possible|able|could = 可以|能|可|能够|可能
use|using|utilize = 使用|采用|利用|用
depend|rely|dependent = 依赖|取决于|依靠
compare|comparison = 比较|对比
measure = 衡量|度量|测量
evaluate|evaluation = 评估|评测|评价
exchange = 交换
improve|better|good|best = 更好|提升性能|改善|好
bad|poor|worse|worst = 差|更差|糟糕
increase|raise|grow|rise|enlarge|higher|go up|growth = 增加|增大|提高|提升|升高|上升|增长|放大|变大|扩大|调高
decrease|reduce|lower|shrink|fall|drop to|cut|decline|go down|lessen = 减少|减小|降低|下降|缩小|变小|减弱|调低
large|big|larger|bigger = 大|更大|越大|较大
small|smaller|smallest|little|tiny = 小|更小|越小|较小
high = 高|更高|越高|较高
low = 低|更低|越低|较低
many|more = 多|更多|越多|较多
few|less|least|fewer|fewest = 少|更少|越少|较少
short|brief|shorter = 短|更短|越短|较短|截短
longer = 更长|越长|较长
faster|speed up|accelerate|speedup = 更快|加速|加快|越快
slower|slow down = 更慢|减慢|越慢|变慢
above|over|exceed|greater = 高于|大于|超过|以上|上方
below|under|beneath = 低于|小于|以下|下方
up = 向上
down = 向下
before|prior to|ahead of|in advance = 之前|以前|预先|前先
after|afterwards|once = 之后|以后|后再
first = 首先
last|final|finally = 最后|最终
then|next|subsequently|later = 然后|接着|随后|再
open source|open standard|open weights = 开源|开放源码|开放源代码|开放
closed source|proprietary|closed weights = 闭源|专有|封闭
offline = 离线
online = 在线|联网
cloud|hosted = 云端|云|托管|云上
local|locally|on premise|self host|self hosted = 本地|自托管|自行部署|私有部署|本地部署
same|identical|equal = 相同|一样|同样|同一|等同
different|distinct|differ = 不同|不一样
separate|separately|alone|standalone|apart|independent|independently|decouple = 单独|分别|分开|独立|分离|解耦
couple|tightly = 耦合
together|jointly|joint = 一起|联合|共同
all|every|entire|whole = 所有|全部|一切|整个|全体
each|any = 每个|每次|任何
some|partly|part|a fraction of|partial = 部分|一些|某些
only|solely|exclusively|just|merely = 只|仅|只能|仅能|只有|仅仅|专用
always = 总是|始终|永远|一定
rarely|seldom = 很少|极少
usually|often|typically|common|frequently = 通常|往往|一般|经常|常常
automatic|automatically|by itself|itself = 自动|自行
manual|manually|hand|by hand = 手动|手工
static = 静态
dynamic = 动态
sparse = 稀疏
dense = 稠密|密集
fixed|constant = 固定|恒定
continuous|continuously = 连续|持续
synchronous|synchronously = 同步
asynchronous|asynchronously = 异步
frozen|freeze = 冻结
trainable|learnable = 可训练|可学习
linear|linearly = 线性
quadratic|quadratically = 平方|二次|平方级
exponentially|exponential = 指数级
absolute = 绝对
relative = 相对
positive = 正
negative = 负
input = 输入
output = 输出
source = 源|来源
single|one by one|one at a time = 单张|单个|单一|逐个|逐条
multiple|several|multi = 多张|多个|多种|若干
internal|inner = 内部
external|outer = 外部
remove|delete|strip = 去除|删除|移除|去掉
keep|retain|preserve = 保留|维持
add|introduce|insert = 添加|引入|加入|新增
allow|allowed|permit = 允许
forbid|forbidden|prohibit|disallow = 禁止
enable|turn on = 启用|开启
disable|turn off = 禁用|关闭
success|succeed|successful = 成功
failure|fail = 失败
valid = 有效|合法
invalid = 无效|非法
right|correct = 正确
wrong|incorrect|error|mistake = 错误|出错
safe|secure = 安全
dangerous|unsafe = 危险
easy|easier|simple = 简单|容易
hard|harder|difficult|complex = 困难|复杂|难
similar|close together|resemble = 相似|相近|接近
far apart|dissimilar = 相距很远|相异|疏远
meaning|semantic = 语义|含义
numerator = 分子
denominator = 分母
maximum|maximise|maximize|max = 最大|最大化
minimum|minimise|minimize|min = 最小|最小化
save|saving = 节省|节约
waste|wasteful = 浪费
fragmentation = 碎片|碎片化
virtual memory = 虚拟内存
beginner|newcomer = 初学者|新手
production = 生产|生产环境
prototype|prototyping = 原型
light|lightweight = 轻量|轻量级
user = 用户
mobile|phone = 手机|移动
chinese = 中文|汉语
english = 英文|英语
second order|hessian = 二阶
first order = 一阶
row = 行
column = 列
channel = 通道
norm|normalize|normalization|normalise = 归一化|规范化
trade off|trade|tradeoff = 权衡|换取|换
beat|outperform|surpass = 击败|优于|胜过
win = 获胜
multi turn = 多轮
conversation|chat|dialogue = 对话|聊天
knowledge = 知识
prevent = 防止
guarantee|ensure = 保证|确保
eliminate = 消除|根除
change|alter = 改变|变化
influence|affect|impact = 影响
cause|lead to|result in = 导致|造成|引起|原因
divided by|over the = 除以
multiply|multiplied by|times the|product of = 乘以|乘|乘积
sum|plus|added to = 相加|加上|总和
total = 总|总共|一共|总计
penalty = 惩罚
supervised fine tuning|sft = 监督微调|指令微调
instruction = 指令
advantage = 优势
group = 组
pair = 对|配对
neighbour|adjacent = 相邻
candidate = 候选
pages = 分页
wait = 等待
subtract|minus = 减去
research = 研究院|研究所
collect = 采集
expose = 暴露
show|display = 展示
guard|guardrail = 护栏
harmful = 有害
standard = 标准
reach = 到达
secret = 机密|密钥
replace|substitute = 替换|取代|代替
time = 时间|耗时
teacher = 教师|老师
student = 学生
knowledge distillation = 知识蒸馏
edge = 边
function = 函数
loop|cycle = 循环
persistence|persistent|persist = 持久化|持久
checkpoint = 检查点
recover|resume|restore = 恢复
interrupt|interruption = 中断
filter = 过滤器|过滤
risk = 风险
attack = 攻击
bias = 偏差|偏见
fair|fairness = 公平
toxic|toxicity = 有毒|毒性
privacy = 隐私
cheap|cheaper|inexpensive = 便宜|廉价
expensive|dear = 昂贵|贵
lazy|lazily = 惰性|懒惰
eager|eagerly = 即时|急切
accumulate|accumulation = 累积|累加
quantity|amount = 数量
count|number of = 个数
noise = 噪声
denoise|denoising = 去噪
diffusion = 扩散
scheduling = 调度策略
video = 视频
audio|speech|voice = 音频|语音
encoder = 编码器
decoder = 解码器
sentence = 句子
word = 单词|词语
character = 字符
language = 语言
translate|translation = 翻译
summary|summarize|summarization = 摘要|总结
reasoning|reason = 推理能力
chain of thought = 思维链
context recall = 上下文召回率
faithfulness|faithful = 忠实度|忠实
relevance|relevant = 相关性|相关
precise = 精准
prefix cache|prefix caching = 前缀缓存
throughput oriented = 面向吞吐
concurrency|concurrent = 并发
queue = 队列|排队
schedule task = 排程
crash|crashed = 崩溃
timeout|time out = 超时
out of memory|oom = 显存不足|内存不足|爆显存
error message = 报错|错误信息
network port = 网络端口
environment variable = 环境变量
variable = 变量
command = 命令
notebook = 笔记本
container|docker = 容器
cluster = 集群
scalable|scalability = 可扩展|扩展性
compatible = 兼容
incompatible = 
stable = 稳定
unstable = 
strong = 强|强大
weak = 弱|较弱
serial|sequential|sequentially|in sequence = 串行|顺序|依次
stateful = 有状态
stateless = 无状态
public = 公开|公共
private = 私有|私密
lossless = 无损
lossy = 有损
required|mandatory = 必填
optional = 可选
plain = 明文
encrypt|encrypted = 加密
show|display = 显示|展示
hide|conceal = 隐藏|掩盖
unique|exclusive = 独占|独有
call|invoke = 调用
return = 返回
plan|planning = 规划|计划
reflect|reflection = 反思
memory module = 记忆
crawl|crawler = 爬取|爬虫
parse|parser = 解析|解析器
extract|extraction = 提取|抽取
clean|cleaning = 清洗
deduplicate|deduplication = 去重
mix|mixture = 混合
shuffle = 打乱
epoch = 轮次
convergence|converge = 收敛
diverge|divergence = 发散
overfit|overfitting = 过拟合
generalize|generalization = 泛化
regularize|regularization = 正则化
dropout = 丢弃
random|randomly = 随机
deterministic = 确定性
seed = 种子
initialize|initialization = 初始化
communication|communicate = 通信|交流
traffic = 流量
topology = 拓扑
power|energy = 功耗|能耗|电力
bottleneck = 瓶颈
saturate = 饱和
hour = 小时|钟头
day = 天|每天|每日
week = 周|星期|每周
year = 年|每年
"""

# Who makes things: proper names that Chinese writes in Chinese.
_NAMES: Final = """
microsoft = 微软
google = 谷歌
nvidia = 英伟达
meta = 脸书
apple = 苹果公司|苹果
amazon = 亚马逊
intel = 英特尔
huawei = 华为
alibaba = 阿里巴巴|阿里云|阿里
tencent = 腾讯
baidu = 百度
bytedance = 字节跳动
deepseek = 深度求索
zhipu = 智谱
tsinghua = 清华大学|清华
peking = 北京大学
shanghaiailab = 上海人工智能实验室|上海ai实验室
stanford = 斯坦福大学|斯坦福
berkeley = 伯克利
princeton = 普林斯顿
huggingface = 抱抱脸
modelscope = 魔搭社区|魔搭
"""

# Ideas that exclude one another where the rest of a clause is the same.
_OPPOSITES: Final = """
compute bound <> memory bound
open source <> closed source
closed source <> free of charge
offline <> online
cloud <> local
cloud <> offline
same <> different
same <> separate
different <> share
separate <> together
separate <> share
separate <> couple
keep <> change
cheap <> expensive
cheap <> free of charge
lazy <> eager
serial <> parallel
multiply <> divided by
strong <> weak
stable <> unstable
stateful <> stateless
public <> private
lossless <> lossy
unique <> share
required <> optional
encrypt <> plain
show <> hide
compatible <> incompatible
all <> some
all <> only
only <> multiple
always <> rarely
usually <> rarely
automatic <> manual
static <> dynamic
sparse <> dense
continuous <> static
synchronous <> asynchronous
frozen <> trainable
frozen <> update
linear <> quadratic
linear <> exponentially
quadratic <> exponentially
absolute <> relative
positive <> negative
single <> multiple
internal <> external
remove <> keep
add <> remove
allow <> forbid
enable <> disable
success <> failure
valid <> invalid
right <> wrong
safe <> dangerous
easy <> hard
similar <> far apart
numerator <> denominator
save <> waste
start <> stop
first <> last
exact <> approximate
merge <> split
download <> upload
import <> export
accept <> reject
"""

# Ideas that play different parts beside one another: not contrary, but one cannot stand in for the other.
_COUNTERPARTS: Final = """
teacher <> student
node <> edge
encoder <> decoder
time <> memory
compute <> memory
instruction <> answer
quantity <> quality
serving <> training
embedding <> rerank
expert <> router
draft <> target
prefill <> decode
human <> automatic
forward pass <> backward pass
pretraining <> fine tuning
training <> inference
tensor parallelism <> pipeline parallelism
tensor parallelism <> data parallelism
data parallelism <> pipeline parallelism
gpu <> cpu
production <> prototype
query <> document
weight <> activation
key <> value
client <> server
row <> column
memory <> disk
day <> week
input <> output
send <> receive
first order <> second order
question <> answer
question <> document
question <> passage
query <> passage
weight <> gradient
activation <> gradient
weight <> optimizer
gather <> reduce scatter
reduce scatter <> all reduce
parameter <> gradient
reward model <> reference model
reward model <> policy
policy <> reference model
latency <> throughput
prompt <> answer
agent <> tool
header <> footer
table <> formula
supervised fine tuning <> pretraining
user <> server
adapter <> base model
retrieve <> generate
retrieve <> rerank
tokenizer <> model
base model <> reward model
"""

# Ideas of more and of less: a clause that says one of them contradicts a clause that says the other of the same thing.
UPWARD: Final = frozenset(["large", "increase", "high", "many", "longer", "faster", "above", "up", "maximum", "speed", "improve", "length"])
DOWNWARD: Final = frozenset(["small", "decrease", "low", "few", "short", "slower", "below", "down", "minimum", "slow", "bad"])

# Ideas that say too little to carry a denial or a match by themselves.
LIGHT: Final = frozenset(
    ["need", "can", "use", "support", "provide", "model", "many", "usually", "run", "make", "be", "language model", "all"]
    + ["only", "always", "then", "first", "automatic", "each"]
)
UNIVERSAL: Final = frozenset(["all", "only", "always"])

_STOP: Final = frozenset(
    "a an the of in on at to for from by with and or is are be was were been being it its they their them this that these those as into "
    "than so such also both either we you he she who which what when where while whereas because if but has have had having do does did "
    "will would should shall might very quite about around roughly approximately nearly almost just there here has per up out off own "
    "via between among through during within against besides according let make made get give given gives take takes well far still even "
    "though however thus therefore hence e.g i.e etc other another others one ones way called named based like kind lot must my your our".split()
)
_STOP_ZH: Final = re.compile("[的了是在与和及或也都就而但且并把被将由从向到于以及其它该这那此每个种些为有对中上下里会让使给]")
_IRREGULAR: Final[dict[str, str]] = {
    "built": "build", "ran": "run", "written": "write", "wrote": "write", "kept": "keep", "sent": "send", "held": "hold", "grew": "grow",
    "grown": "grow", "fell": "fall", "chosen": "choose", "chose": "choose", "lost": "lose", "beaten": "beat", "shrunk": "shrink",
    "shrank": "shrink", "froze": "freeze", "frozen": "frozen", "drawn": "draw", "fewer": "few", "bigger": "big", "indices": "index",
    "matrices": "matrix", "vertices": "vertex", "wider": "wide", "said": "say", "found": "find", "put": "put", "read": "read",
    "lay": "lie", "lies": "lie", "thrown": "throw", "took": "take", "began": "begin", "split": "split", "process": "process",
    "loss": "loss", "always": "always", "analysis": "analysis", "bias": "bias", "perplexities": "perplexity", "does": "does", "gpus": "gpu", "cpus": "cpu", "tpus": "tpu",
}  # fmt: skip


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Returns what the forms of an English word have in common; rough, but the same for all of them."""
    word = _IRREGULAR.get(word, word)
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif re.search(r"(?:[sxz]|ch|sh)es$", word) and len(word) > 4:
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        word = word[:-1]
    for suffix in ("ingly", "ing", "edly", "ed"):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and re.search("[aeiouy]", word[: -len(suffix)]):
            word = word[: -len(suffix)]
            if word[-1] == word[-2] and word[-1] not in "sl":
                word = word[:-1]
            break
    return re.sub(r"is$", "iz", word.removesuffix("e")) if len(word) > 3 else word


class Lexicon(NamedTuple):
    """The forms of ideas: English ones as tuples of stems, Chinese ones as strings, and what excludes what."""

    english: dict[tuple[str, ...], str]
    chinese: dict[str, str]
    names: dict[str, str]
    opposites: dict[str, frozenset[str]]
    counterparts: dict[str, frozenset[str]]
    longest_chinese: int


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Returns the lexicon, built on first use."""
    english: dict[tuple[str, ...], str] = {}
    chinese: dict[str, str] = {}
    for line in _TERMS.strip().splitlines():
        left, _, right = line.partition(" = ")
        forms = left.split("|")
        for form in forms:
            english.setdefault(tuple(stem(word) for word in re.split(r"[ -]", form)), forms[0])
        for form in filter(None, right.split("|")):
            chinese.setdefault(form, forms[0])
    names = {form: line.partition(" = ")[0] for line in _NAMES.strip().splitlines() for form in line.partition(" = ")[2].split("|")}
    return Lexicon(english, chinese, names, _pairs(_OPPOSITES), _pairs(_COUNTERPARTS), max(map(len, (*chinese, *names))))


def _pairs(block: str) -> dict[str, frozenset[str]]:
    pairs: dict[str, frozenset[str]] = {}
    for line in block.strip().splitlines():
        one, other = line.split(" <> ")
        pairs[one] = pairs.get(one, frozenset()) | {other}
        pairs[other] = pairs.get(other, frozenset()) | {one}
    return pairs


def is_filler(word: str) -> bool:
    """Tells whether an English word says nothing by itself."""
    return word in _STOP


def without_filler(run: str) -> list[str]:
    """Returns the parts of a run of Chinese characters that say something."""
    return [part for part in _STOP_ZH.split(run) if part]
