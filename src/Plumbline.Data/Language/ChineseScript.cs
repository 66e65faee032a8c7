using System.Collections.Frozen;

namespace Plumbline.Data.Language;

/// <summary>Simplified and traditional Chinese by characters that only one of them uses. Pure.</summary>
internal static class ChineseScript
{
    // Common pairs, simplified before traditional. A simplified form that traditional texts use as another word (后, 里, 干, 面, 台) is left out.
    private const string Pairs =
        "国國这這们們来來时時会會说說个個为為对對学學发發经經过過还還进進样樣长長开開关關问問间間见見现現实實动動电電话話马馬车車东東书書买買卖賣头頭边邊听聽让讓认認识識语語谁誰请請读讀课課难難题題业業专專严嚴义義乐樂习習乡鄉争爭亏虧亚亞产產亲親亿億仅僅从從仓倉仪儀价價众眾优優伙夥伟偉传傳伤傷伦倫"
        + "体體余餘侠俠侧側侦偵债債倾傾偿償储儲儿兒党黨兰蘭兴興养養兽獸内內军軍农農冲衝决決况況冻凍净淨减減凉涼几幾凤鳳凭憑击擊刘劉则則刚剛创創删刪别別剂劑剑劍剧劇劝勸办辦务務劳勞势勢勋勳区區医醫华華协協单單卫衛却卻厂廠厅廳历歷厉厲压壓厌厭县縣参參双雙变變叙敘号號叹嘆吓嚇吗嗎启啟员員呜嗚咏詠响響哑啞唤喚啸嘯"
        + "团團园園围圍图圖圆圓圣聖场場坏壞块塊坚堅坛壇坟墳垒壘垦墾堕墮墙牆壮壯声聲壳殼处處备備复復够夠夹夾夺奪奋奮奖獎妇婦妈媽娱娛婴嬰孙孫宁寧宝寶实實宠寵审審宪憲宫宮宽寬宾賓寻尋导導将將尔爾尘塵尝嘗层層属屬岁歲岛島峡峽崭嶄币幣师師帅帥帐帳带帶帮幫并並广廣庄莊庆慶库庫应應庙廟废廢异異弃棄张張弥彌弯彎弹彈强強归歸"
        + "录錄彻徹径徑忆憶忧憂怀懷态態怜憐总總恋戀恶惡恼惱悬懸惊驚惧懼惨慘惯慣愤憤愿願懒懶戏戲战戰户戶扑撲执執扩擴扫掃扬揚扰擾抚撫抛拋抢搶护護报報担擔拟擬拥擁择擇挂掛挤擠挥揮损損换換据據捡撿掷擲揽攬搂摟摄攝摆擺摇搖撑撐敌敵数數斋齋斗鬥断斷无無旧舊旷曠显顯晋晉晒曬晓曉暂暫术術机機杀殺杂雜权權条條杨楊极極构構枪槍"
        + "标標栈棧栋棟栏欄树樹档檔桥橋梦夢检檢楼樓横橫欢歡欧歐残殘毁毀毕畢气氣汇匯汉漢汤湯沟溝没沒泪淚泽澤洁潔浅淺测測济濟浓濃涛濤润潤涨漲渐漸渔漁湾灣湿濕滚滾满滿滤濾潜潛灭滅灯燈灵靈灾災炉爐点點炼煉烂爛烦煩烧燒热熱爱愛爷爺牵牽牺犧状狀犹猶独獨狮獅狱獄猎獵猪豬猫貓献獻玛瑪环環现現琐瑣电電画畫畅暢疗療疯瘋痒癢"
        + "皱皺盐鹽监監盖蓋盘盤眯瞇睁睜瞒瞞矫矯矿礦码碼砖磚础礎确確礼禮祸禍离離种種积積称稱稳穩穷窮窃竊窑窯竞競笔筆笼籠筑築筛篩签簽简簡粮糧紧緊纠糾红紅约約级級纪紀纯純纲綱纳納纵縱纷紛纸紙纹紋线線练練组組细細织織终終绍紹经經结結绕繞绘繪给給络絡绝絕统統继繼绩績续續维維绿綠缓緩编編缘緣缩縮网網罗羅罚罰罢罷"
        + "习習职職联聯聪聰肃肅肠腸肤膚肿腫胀脹胁脅胜勝脑腦脚腳脱脫脸臉腊臘舆輿舰艦舱艙艰艱艺藝节節芦蘆苏蘇苹蘋范範荐薦荣榮药藥莲蓮获獲营營萧蕭葱蔥蓝藍虏虜虑慮虫蟲虽雖蚀蝕蛮蠻补補衬襯袭襲装裝见見观觀规規视視览覽觉覺触觸计計订訂讨討训訓议議记記讲講许許论論设設访訪证證评評词詞试試诗詩诚誠话話询詢该該详詳误誤"
        + "诱誘说說诺諾调調谈談谊誼谋謀谢謝谣謠谦謙谱譜贝貝负負财財责責贤賢败敗货貨质質贩販贫貧购購贯貫贵貴贷貸费費贺賀资資赋賦赌賭赏賞赔賠赖賴赚賺赛賽赞讚赢贏赵趙趋趨跃躍践踐踪蹤车車轨軌转轉轮輪软軟轰轟轻輕载載较較辅輔辆輛辈輩辉輝辑輯输輸辖轄边邊达達迁遷过過迈邁运運还還这這进進远遠违違连連迟遲适適选選递遞逻邏遗遺"
        + "邓鄧邮郵邻鄰郑鄭酱醬酿釀释釋针針钉釘钓釣钟鐘钢鋼钥鑰钱錢铁鐵铃鈴银銀销銷锁鎖锅鍋错錯锋鋒键鍵锻鍛镇鎮镜鏡长長门門闪閃闭閉问問闯闖闲閒间間闷悶闹鬧闻聞阀閥阁閣阅閱阔闊队隊阳陽阴陰阵陣阶階际際陆陸陈陳险險随隨隐隱难難雾霧静靜韩韓页頁顶頂项項顺順须須顾顧顿頓预預领領频頻题題颜顏额額风風飞飛饥飢饭飯饮飲饰飾饱飽饼餅"
        + "馆館马馬驱驅驶駛驻駐驾駕骂罵骄驕验驗骗騙骚騷鱼魚鲁魯鲜鮮鸟鳥鸡雞鸣鳴鸭鴨鸿鴻鹅鵝麦麥黄黃齐齊齿齒龄齡龙龍龟龜";

    private static readonly FrozenSet<char> s_simplified = Pairs.Where((_, i) => i % 2 == 0).ToFrozenSet(), s_traditional = Pairs.Where((_, i) => i % 2 == 1).ToFrozenSet();

    /// <summary>"zh-Hans" or "zh-Hant" with its probability: of characters that tell, the share of those that say so, with one added to each side; "zh" where none tells.</summary>
    public static (string Language, double Probability) Of(ReadOnlySpan<char> text)
    {
        int simplified = 0, traditional = 0;
        foreach (char c in text)
        {
            bool inSimplified = s_simplified.Contains(c), inTraditional = s_traditional.Contains(c);
            if (inSimplified && !inTraditional) simplified++;
            if (inTraditional && !inSimplified) traditional++;
        }

        int told = simplified + traditional;
        if (told == 0 || simplified == traditional) return ("zh", 1);
        return simplified > traditional ? ("zh-Hans", (simplified + 1.0) / (told + 1)) : ("zh-Hant", (traditional + 1.0) / (told + 1));
    }
}
